"""Who is near to whom among many songs, found once and used by all that ask: clusterings, maps, neighbours.

Up to 20,000 songs (`Limits.exact`) all are compared with all, and nothing of this is used. Above, a `Graph` of nearest
neighbours stands in for their distances. Above a million (`Limits.micro_above`), and for what needs the distances of
all pairs, the centres of a few thousand micro-clusters (`Micro`) stand in for the songs. `Crowd` finds either of them
when it is asked for, once. Arrays in, arrays out.
"""

from musaic.graph.crowd import Crowd, Limits
from musaic.graph.micro import Micro, micro_clusters
from musaic.graph.neighbours import EXACT, WIDTH, Graph, neighbour_graph

__all__ = ["EXACT", "WIDTH", "Crowd", "Graph", "Limits", "Micro", "micro_clusters", "neighbour_graph"]
