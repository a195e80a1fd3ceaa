"""Who came under which number at which hospital, and the films of which nobody has said it yet."""

from django.db import models
from django.db.models import Q

from annotation.models.append_only import immutable
from annotation.models.radiograph import Centre, Patient, Radiograph

NUMBER_LENGTH = 32


class PatientNumber(models.Model):
    """The patient that a number means at a hospital, for one sex: once known, never asked again.

    Hospitals give the same numbers to different people, and the number is all that a header has to
    know a patient by. Without a sex it may mean any of those who came under it there.
    """

    number = models.CharField(max_length=NUMBER_LENGTH, help_text="pseudonym of the number")
    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="+")
    sex = models.CharField(max_length=1, blank=True)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="numbers")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="number_means_one_person",
                fields=["number", "centre", "sex"],
                condition=~Q(sex=""),
            ),
            models.UniqueConstraint(
                name="number_of_person_once", fields=["number", "centre", "sex", "patient"]
            ),
        ]
        triggers = [immutable("number", "centre_id", "sex", "patient_id")]

    def __str__(self) -> str:
        return f"{self.number} at {self.centre}"


class PersonAsked(models.Model):
    """A waiting film whose number is known, but perhaps of somebody else: a person must say.

    Until then the film waits under the first who came under that number; the row goes with the
    answer, or when the film is discarded.
    """

    radiograph = models.OneToOneField(
        Radiograph, on_delete=models.CASCADE, related_name="person_asked"
    )
    number = models.CharField(max_length=NUMBER_LENGTH, help_text="pseudonym of the number")
    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="+")
    sex = models.CharField(max_length=1, blank=True)

    def __str__(self) -> str:
        return f"whose is {self.radiograph}"
