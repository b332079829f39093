"""Where runs are trained: processes of this machine, Ray, Dask or any executor."""
