"""Writes labelled documents as people fill in forms, write to a help desk or chat: one JSON object a line,
{"id", "text", "spans": [{"start", "end", "type"}]}, offsets in code points.

The sentences are written for this file and are in no training data; the values come from faker, so that neither the
names nor the addresses are those that anything here was built with. The seed is fixed.

    python3 make.py 1500 > docs.jsonl
"""

import json
import random
import re
import sys

from faker import Faker

LOCALES = ["en_US"] * 6 + ["en_GB", "en_GB", "en_CA", "en_AU", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pt_BR", "pl_PL", "sv_SE", "da_DK", "en_IN"]

TEMPLATES = """
Hi, this is {PERSON}, could somebody call me back at {PHONE}?
my number changed, it is now {PHONE} instead of the old one
{PERSON} asked whether the parcel can go to {STREET_ADDRESS} rather than to the office.
Please charge it to {CREDIT_CARD}, same as last time.
why was {CREDIT_CARD} declined in {LOCATION} yesterday
The rent goes to {IBAN}, account holder {PERSON}.
Ship to:\\n{PERSON}\\n{STREET_ADDRESS}
Name: {PERSON}\\nE-mail: {EMAIL}\\nPhone: {PHONE}
Regards,\\n{PERSON}\\n{ORGANIZATION}\\n{PHONE}
I have worked for {ORGANIZATION} since {DATE} and live in {LOCATION}.
Does {PERSON} still use {EMAIL}? The last mail came back.
Login failed for {EMAIL} from {IP_ADDRESS}.
Blocked {IP_ADDRESS} after forty attempts; see {URL} for the report.
Her social security number is {US_SSN}, born on {DATE}.
SSN on the form: {US_SSN}. Signed by {PERSON} on {DATE}.
Can you move my appointment with Dr. {LAST} to {DATE}?
We met Mrs {LAST} and her son {FIRST} in {LOCATION}.
{FIRST}'s laptop is still at the repair shop.
Thanks {FIRST}, I will look at it tomorrow.
Dear Mr {LAST},\\nyour order has left our warehouse.
The tenant, {PERSON}, moved out of {STREET_ADDRESS} on {DATE}.
Our head office is at {STREET_ADDRESS}.
you can find us at {STREET_ADDRESS}, just behind the station
According to {PERSON}, spokesperson for {ORGANIZATION}, nobody in {LOCATION} was hurt.
I saw it on {URL} but the page is gone now
More details: {URL}
{ORGANIZATION} has opened a branch in {LOCATION}.
Have {PERSON} and {PERSON} signed the contract with {ORGANIZATION}?
what is the limit on my card ending, full number {CREDIT_CARD}
transfer 200 to {IBAN} please
Patient {PERSON}, admitted {DATE}, contact {PHONE}.
From: {PERSON} <{EMAIL}>\\nTo: {EMAIL}
ask {FIRST} for the key, he sits in room 12
Witness statement of {PERSON}, resident at {STREET_ADDRESS}, {LOCATION}.
The invoice for {ORGANIZATION} was sent to {EMAIL} on {DATE}.
Emergency contact: {PERSON} ({PHONE})
Is {PERSON} the same person as {PERSON} from accounting?
i am {FIRST} and i cant log in
Flight to {LOCATION} leaves on {DATE} at ten.
The server at {IP_ADDRESS} does not answer since {DATE}.
{PERSON} born {DATE} in {LOCATION}
Applicant: {PERSON}; address: {STREET_ADDRESS}; telephone: {PHONE}
Fax the form to {PHONE} and mail the original to {STREET_ADDRESS}.
She moved from {LOCATION} to {LOCATION} to work for {ORGANIZATION}.
Nothing in this message is personal, it only asks when the shop opens on Sunday.
The new version fixes three bugs and removes the old settings page.
Please restart the router, wait two minutes and try again.
Our Customer Service Team will review the Terms of Use in the Annual Report.
Error 4032 in module Payment Gateway: see the Release Notes, section 12.4.1.
"""


def value(kind, fake, rng):
    if kind == "PERSON":
        return rng.choice([fake.first_name() + " " + fake.last_name()] * 8 + [fake.first_name()[0] + ". " + fake.last_name(), fake.first_name() + " " + fake.first_name()[0] + ". " + fake.last_name()])
    if kind == "STREET_ADDRESS":
        return fake.street_address().replace("\n", ", ")
    if kind == "DATE":
        d = fake.date_object()
        return rng.choice([d.isoformat(), d.strftime("%d.%m.%Y"), d.strftime("%m/%d/%Y"), d.strftime("%B %d, %Y"), d.strftime("%d %B %Y")])
    return {
        "FIRST": fake.first_name,
        "LAST": fake.last_name,
        "PHONE": fake.phone_number,
        "EMAIL": lambda: re.sub(r"@.*", "@" + fake.free_email_domain(), fake.email()),
        "ORGANIZATION": fake.company,
        "LOCATION": lambda: rng.choice([fake.city(), Faker("en_US").country()]),
        "CREDIT_CARD": lambda: card(fake.credit_card_number(), rng),
        "IBAN": fake.iban,
        "IP_ADDRESS": lambda: rng.choice([fake.ipv4(), fake.ipv4(), fake.ipv6()]),
        "URL": lambda: rng.choice([fake.url(), fake.uri(), fake.url() + fake.uri_path()]),
        "US_SSN": lambda: Faker("en_US").ssn(),
    }[kind]()


def card(number, rng):
    sep = rng.choice(["", "", " ", "-"])
    return sep.join(number[i : i + 4] for i in range(0, len(number), 4)) if len(number) == 16 else number


def document(number, template, fake, rng):
    text, spans = "", []
    for part in re.split(r"(\{[A-Z_]+\})", template):
        if not part.startswith("{"):
            text += part
            continue
        kind = part[1:-1]
        v = value(kind, fake, rng)
        label = "PERSON" if kind in ("FIRST", "LAST") else kind
        spans.append({"start": len(text), "end": len(text) + len(v), "type": label})
        text += v
    return {"id": str(number), "text": text, "spans": spans}


def main():
    rng = random.Random(7)
    Faker.seed(7)
    fakers = {name: Faker(name) for name in LOCALES}
    templates = [t.replace("\\n", "\n") for t in TEMPLATES.strip().splitlines()]
    for n in range(int(sys.argv[1])):
        print(json.dumps(document(n, templates[n % len(templates)], fakers[rng.choice(LOCALES)], rng), ensure_ascii=False))


if __name__ == "__main__":
    main()
