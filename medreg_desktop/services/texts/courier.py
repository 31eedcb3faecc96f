"""The sentences for files of the courier that cannot be written, taken or read."""

from __future__ import annotations

from typing import Final

from medreg_desktop.services.texts.translator import mark

COURIER: Final = {
    "courier_not_a_bundle": mark("This is no file of the courier. Choose the one that the program wrote on the stick."),
    "courier_newer": mark("The file was written by a newer program. This program needs an update first."),
    "courier_too_large": mark("The file is larger than any the program writes. Nothing of it was taken."),
    "courier_cut": mark("The file is cut off. Copy it from the stick again, or write it anew."),
    "courier_other_kind": mark("The file goes the other way: decisions end in .mrc, answers in .mra."),
    "courier_other_recipient": mark("The file is sealed for another recipient and cannot be opened here."),
    "courier_damaged": mark("The file is damaged. Write it anew; nothing of it was taken."),
    "courier_forged": mark("The file was not made by whom it names. Nothing of it was taken; tell the operator."),
    "courier_unknown_device": mark("The service does not know the computer that wrote the file. Ask the operator."),
    "courier_device_revoked": mark(
        "The computer that wrote the file was removed from the institution. Nothing of the file was taken; its own"
        " program hands the decisions over for a supervisor to confirm."
    ),
    "courier_other_institution": mark("The file belongs to another institution. Nothing of it was taken."),
    "courier_maker_gone": mark("The account that made the decisions may not work any more. Ask the administrator."),
    "courier_maker_unknown": mark(
        "The account that made the decisions has never been connected from the computer that wrote the file. Nothing of"
        " it was taken; whoever decided signs in there with a connection, and they are sent."
    ),
    "courier_key_missing": mark(
        "This computer does not know the service's courier key yet. Connect once, then files can be written offline."
    ),
    "courier_nothing": mark("Nothing waits that a courier could carry."),
    "courier_not_written": mark("The file could not be written. Check the stick; your decisions stay here unchanged."),
    "courier_not_read_back": mark("The file on the stick is not what was written. Use another stick; nothing is lost."),
    "receipt_missing": mark("This entry has no receipt: it is no decision, or an older program saved it."),
    "courier_not_read": mark("The file could not be read. Check the stick and choose the file again."),
    "courier_answers_of_another": mark("The answers belong to another computer or service. Nothing of them was taken."),
}  # fmt: skip
