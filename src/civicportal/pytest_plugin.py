"""pytest fixtures for plugin authors."""

import pkg_resources
from _pytest.assertion.rewrite import AssertionRewritingHook

# pytest loads the package that this plugin belongs to with its own loader. Pyramid finds templates and translations
# through pkg_resources, which must be told that they lie beside the modules as usual.
pkg_resources.register_loader_type(AssertionRewritingHook, pkg_resources.DefaultProvider)
