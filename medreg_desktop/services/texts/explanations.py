"""What every state means, what the program does next, and what the registrar can do, by topic (``look.md`` §6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from medreg_desktop.services.texts.translator import mark


@dataclass(frozen=True, slots=True)
class Told:
    """Three marked sentences; ``cause`` stands where no finer cause is known."""

    means: str
    next: str
    you: str
    cause: str = ""


EXPLANATIONS: Final[Mapping[str, Told]] = {
    "needs_you": Told(
        mark("Decisions of yours came back or were set aside; only a person can settle them. All others go on."),
        mark("Nothing happens to these by itself; everything else is sent and received as usual."),
        mark("Settle them in the sync centre, one after the other (F2)."),
        mark("The service did not take them as they were."),
    ),
    "blocked": Told(
        mark("Something stands in the way that the program cannot clear by itself."),
        mark("What you decide is kept here. Sending goes on as soon as it is cleared."),
        mark("Do what the cause says, then press “Sync now”. If it stays, hand a support bundle to the operator."),
    ),
    "sign_in": Told(
        mark("The service no longer knows this session. It is there, but takes nothing without a sign-in."),
        mark("Decisions are kept here and sent once you are signed in; this counts as no failed attempt."),
        mark("Press the lamp and enter your password."),
        mark("A session ends after some hours."),
    ),
    "network_sign_in": Told(
        mark("Somebody else answered at the service's address, so nothing of it was used and nothing was sent."),
        mark("The program asks again by itself, at the latest every 30 seconds."),
        mark("Open any page in the browser and complete the network's sign-in. If there is none, ask the operator."),
    ),
    "clock": Told(
        mark("This computer's clock and the service's are apart. Nothing is decided by your clock; work goes on."),
        mark("Sending and receiving go on; the difference is measured at each contact."),
        mark("Set date, time and time zone of this computer; best let the system set them."),
    ),
    "server_silent": Told(
        mark("The network is there and the service was reached, but it gave no proper answer."),
        mark("The program tries again by itself, waiting longer each time, at most five minutes."),
        mark("Nothing need be done. “Sync now” tries at once; if it stays for hours, call the operator."),
    ),
    "offline": Told(
        mark("The service cannot be reached from here. You can go on working; what you decide is kept here."),
        mark("The program looks for the service by itself every few minutes, and at once when the network changes."),
        mark("Check cable or wireless. Prints carry “pending” until the service has confirmed."),
        mark("No connection to the service came about."),
    ),
    "sending": Told(
        mark("Your decisions are on their way to the service, in the order you made them."),
        mark("They go out in batches; each is confirmed one by one."),
        mark("Nothing need be done."),
        mark("There is something to be sent."),
    ),
    "paused": Told(
        mark("Sending is paused on this computer. What you decide is kept here; receiving goes on."),
        mark("Nothing is sent until you let it go on."),
        mark("Press “Go on sending” in the sync centre."),
        mark("Sending was paused on this computer."),
    ),
    "receiving": Told(
        mark("The local copy is not yet level with the service."),
        mark("It is fetched in small parts; after a break it goes on where it stopped."),
        mark("You can work with what is here already."),
        mark("There are changes that have not arrived yet."),
    ),
    "resync": Told(
        mark("The service asked for a fresh copy. It is built beside the old one, which you go on using until then."),
        mark("Once it is complete the two are exchanged; your decisions and drafts stay."),
        mark("Nothing need be done."),
        mark("The old position in the service's list is no longer valid."),
    ),
    "removals_held": Told(
        mark("The service would remove unusually many applications at once. They are held back; nothing was removed."),
        mark("The whole list is compared with the service's; they go only if the comparison confirms it."),
        mark("Go on working. If you expected no such change, tell the operator before it is confirmed."),
        mark("More than 50 and more than a fifth of the rows would have gone."),
    ),
    "rehearsal": Told(
        mark("What gathered while the service was out of reach is first tried there without taking effect."),
        mark("What passes is then sent by itself; what would come back to you is held for a while."),
        mark("Look at the result in the sync centre: send at once, or settle first what needs you."),
        mark("Many decisions had gathered."),
    ),
    "synced": Told(
        mark("Everything you decided has been answered, and the copy is level with the service."),
        mark("The program keeps a line open and shows changes within seconds."),
        mark("Nothing need be done."),
        mark("Nothing waits."),
    ),
    "row_synced": Told(
        mark(
            "What stands here is what the register held when this computer last heard from it;"
            " no decision of yours on it waits."
        ),
        mark("Changes arrive by themselves while the service can be reached; otherwise once it can be again."),
        mark("Nothing need be done."),
        mark("Nothing waits."),
    ),
    "row_waiting": Told(
        mark("Your decision is saved on this computer and has not been answered by the service yet."),
        mark("It is sent by itself, in the order you made them."),
        mark("Nothing need be done. As long as it was never sent you can take it back."),
        mark("It is its turn soon."),
    ),
    "row_held": Told(
        mark("The rehearsal foresees that the service will not take this one as it is, so it has not been sent yet."),
        mark("When the time is over it is sent all the same, and the service decides."),
        mark("Review it again now, take it back, or let everything be sent at once."),
        mark("The rehearsal foresees that it needs you."),
    ),
    "row_sending": Told(
        mark("Your decision is travelling right now; whether it has arrived is known with the answer."),
        mark("If no answer comes the same decision is sent again; the service takes it once only."),
        mark("Nothing need be done."),
        mark("The answer has not come yet."),
    ),
    "row_deferred": Told(
        mark("The service has your decision but waits for something else before it can answer."),
        mark("The program asks again by itself; after 24 hours it tells you."),
        mark("Nothing need be done now."),
        mark("The service waits for something else first."),
    ),
    "row_conflict": Told(
        mark("Somebody else acted on this application before your decision arrived. Both versions are kept."),
        mark("Nothing happens by itself."),
        mark("Review the new version, or drop your decision. Take printed copies back first."),
    ),
    "row_refused": Told(
        mark("The service read your decision and did not take it."),
        mark("Nothing happens by itself; sending the same again would bring the same answer."),
        mark("Mend what the cause says and decide again, or drop your decision."),
    ),
    "row_lost": Told(
        mark("The service had taken your decision. It was restored from a backup since, and that does not hold it."),
        mark("Nothing happens by itself, unless a courier brings the decision to the service after all."),
        mark("Review it again with your words, or drop it. Take printed copies back first."),
    ),
    "row_quarantined": Told(
        mark("The service failed on this very decision again and again while others passed, so it was set aside."),
        mark("It is not sent again by itself and holds nothing else up."),
        mark("Try it again, drop it and decide anew, or hand a support bundle to the operator."),
    ),
    "row_accepted": Told(
        mark("The service has taken your decision; the register holds it."),
        mark("Nothing follows."),
        mark("Nothing need be done."),
        mark("It was accepted."),
    ),
    "row_closed": Told(
        mark("This decision is closed and takes no effect; it stays in the history."),
        mark("Nothing follows."),
        mark("Nothing need be done."),
        mark("It was taken back, replaced or dropped."),
    ),
}

CALLS: Final[Mapping[str, str]] = {
    "sign_in": mark("Sign in"),
    "sign_out": mark("Sign out"),
    "hello": mark("Greeting"),
    "ping": mark("Probe"),
    "snapshot": mark("Fetch the copy"),
    "changes": mark("Fetch changes"),
    "commands": mark("Send decisions"),
    "rehearsal": mark("Rehearse decisions"),
    "probe": mark("Test whether decisions are taken"),
    "digest": mark("Compare"),
    "bucket": mark("Repair"),
    "claim": mark("Tell colleagues"),
    "wipe_check": mark("Ask about removal"),
    "rescue": mark("Hand over what is not sent"),
    "wipe_done": mark("Report the removal"),
}
"""The exchanges by the words of the table; one that has none yet shows its own name."""

KINDS: Final[Mapping[str, str]] = {
    "link": mark("Not reached"),
    "server": mark("No proper answer"),
    "told": mark("Asked to wait"),
    "sign_in": mark("Sign-in needed"),
    "refused": mark("Not allowed"),
    "portal": mark("Somebody else answered"),
    "clock": mark("Clock does not fit"),
    "untrusted": mark("Certificate not trusted"),
    "envelope": mark("Batch not taken"),
    "resync": mark("New copy needed"),
    "too_old": mark("Program too old"),
    "other_version": mark("Other version"),
}
"""The classes of cause (``sync.md`` §5.8), short enough for a column."""
