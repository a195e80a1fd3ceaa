"""The back office: who may sign in, and what was done. Reads and films are not edited here."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from annotation.models import AuditRecord, FilmSource, PatientNumber
from annotation.services import audit

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
    """Whose a number is; a row that was answered wrongly is deleted, and the next film asks."""

    list_display = ["number", "centre", "sex", "patient"]
    search_fields = ["number", "patient__pseudonym"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows are written by films and by answers."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: PatientNumber | None = None) -> bool:
        """The database would refuse it."""
        return False

    def delete_model(self, request: HttpRequest, obj: PatientNumber) -> None:
        """Recorded."""
        self.delete_queryset(request, PatientNumber.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[PatientNumber]) -> None:
        """Recorded, each row."""
        actor = User.objects.get(username=request.user.get_username())
        with transaction.atomic():
            for row in queryset.select_related("centre", "patient"):
                audit.record(
                    actor=actor, action="patient_number.deleted", subject=row,
                    number=row.number, centre=row.centre.name, sex=row.sex,
                    patient=row.patient.pseudonym,
                )  # fmt: skip
            queryset.delete()


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
