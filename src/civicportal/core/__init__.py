"""What every portal needs: site and settings, plugins, database, units of work, jobs, storage, serving."""
