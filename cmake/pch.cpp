// Makes the object library that owns the precompiled header non-empty.
