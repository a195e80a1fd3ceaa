"""The back office: who may sign in, and what was done. Reads and films are not edited here."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest

from annotation.models import AuditRecord, FilmSource, PatientNumber

admin.site.site_header = admin.site.site_title = "Syndesmo"
admin.site.index_title = "Accounts, hospitals, schedule, audit"


admin.site.unregister(User)


@admin.register(User)
class AccountAdmin(UserAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """Who signs in under which roles; rights come from roles alone, so no others are asked."""

    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("Roles", {"fields": ["groups", "is_active", "is_staff", "is_superuser"]}),
    ]
    filter_horizontal = []
    list_display = ["username", "first_name", "last_name", "is_active", "is_staff"]


@admin.register(FilmSource)
class FilmSourceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """Which hospital an account sends for; films that are in already keep their centre."""

    list_display = ["account", "centre"]


@admin.register(PatientNumber)
class PatientNumberAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """Whose a number is, to look at; a wrong answer is taken back on the radiographs page."""

    list_display = ["number", "centre", "sex", "patient", "told", "taken_back"]
    search_fields = ["number", "patient__pseudonym"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows are written by films and by answers."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: PatientNumber | None = None) -> bool:
        """The database would refuse it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PatientNumber | None = None) -> bool:
        """An answer is taken back on the radiographs page, with the films that came in by it."""
        return False


@admin.register(AuditRecord)
class AuditRecordAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """To look at only; the database would refuse a change anyway."""

    list_display = ["created_at", "actor", "action", "subject"]
    list_filter = ["action"]
    search_fields = ["subject", "action"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Records are written by what happens."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditRecord | None = None) -> bool:
        """Append-only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditRecord | None = None) -> bool:
        """Append-only."""
        return False
