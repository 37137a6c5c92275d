"""Infrastructure: site, settings, plugins, database, units of work, jobs, storage, serving."""
