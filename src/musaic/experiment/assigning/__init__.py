"""New songs placed in a finished run.

`arriving` reads their files, `hearing` builds what each cell is given, `placing` finds a song's place in one cell,
`keeping` writes it into the run folder, `assigned` is what comes of it, and `assign` goes the whole way.
"""
