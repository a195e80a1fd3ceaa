"""Every address of the product: the API, the admin, and one page for everything else."""

from django.contrib import admin
from django.urls import include, path, re_path

from annotation.page import page

urlpatterns = [
    path("api/v1/", include("annotation.api.urls")),
    path("admin/", admin.site.urls),
    re_path(r"^(?!api/|admin/|static/)(?P<screen>.*)$", page, name="page"),
]
