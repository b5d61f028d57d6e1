"""Whether what `juncture capacity` foretells comes true: figures of joins that its cost model was not fitted to."""
