# This source file is part of the slstats project
# SPDX-License-Identifier: Apache-2.0
"""How many bytes the spool should have for what is pending, from its format page (SpoolFormat.md, "Lines")."""
import json, uuid

from shell import FIELDS, FIRST_NUMBER


def _line(sequence, content):
    # The checksum has eight digits, and each part one blank or newline behind it.
    return len(f"00000000 {sequence} {json.dumps(content, separators=(',', ':'))}\n")


def _event():
    event = {"id": str(uuid.UUID(int=0)), "timestamp": 1700000000000, "command": "info"}
    for field in FIELDS:
        path, value = field.split("=")
        *outer, last = path.split(".")
        place = event
        for key in outer:
            place = place.setdefault(key, {})
        place[last] = value
    return {**event, "commandDurationMs": FIRST_NUMBER}


EVENT_BYTES = _line(0, _event())


def _digits(last):
    """Of all numbers from 1 on: each has one digit, those from 10 on one more, and so on."""
    total, power = 0, 1
    while power <= last:
        total += last - power + 1
        power *= 10
    return total


def model(pending, segments, recorded):
    """A line for each event and a header for each segment. What is pending are the last of all numbers given; a header
    has that of its first event, which is taken to have as many digits as the last, so one digit or two may be too many."""
    header = {"format": 1, "epoch": "0" * 16, "createdAt": 1700000000000, "firstSequence": max(recorded, 1)}
    return (pending * (EVENT_BYTES - 1) + _digits(recorded) - _digits(recorded - pending)
            + segments * _line(0, header))
