"""The embedded corpus: songs made on the spot from a seed, with every musical factor known.

`musaic.demo.corpus.write_corpus` writes it to disk.
"""
