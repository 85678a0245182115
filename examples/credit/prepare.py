#!/usr/bin/env python3
"""Turns germancredit.csv into credit applications, one JSON object a line.

    python3 prepare.py        # writes train.ndjson, heldout.ndjson and heldout_outcomes.ndjson here

Of each ten rows of the CSV the first seven are for training and the last three are held out.
A training record carries its outcome as "good"; a held-out application arrives as one would in
life, without it, and its outcome is in heldout_outcomes.ndjson under the same id.

Needs nothing but Python's standard library, and gives the same bytes on every machine.
"""

import csv
import json
from pathlib import Path

HERE = Path(__file__).parent

# Field of an application -> column of the CSV. A field that CODES names is categorical: its code
# is the text's place in the list. The others are whole numbers and are taken as they are.
COLUMNS = {
    "checking_status": "status_of_existing_checking_account",
    "duration_months": "duration_in_month",
    "credit_history": "credit_history",
    "purpose": "purpose",
    "amount": "credit_amount",
    "savings": "savings_account_and_bonds",
    "employment": "present_employment_since",
    "installment_rate": "installment_rate_in_percentage_of_disposable_income",
    "other_debtors": "other_debtors_or_guarantors",
    "residence_since": "present_residence_since",
    "property": "property",
    "age": "age_in_years",
    "other_plans": "other_installment_plans",
    "housing": "housing",
    "existing_credits": "number_of_existing_credits_at_this_bank",
    "job": "job",
    "dependents": "number_of_people_being_liable_to_provide_maintenance_for",
    "telephone": "telephone",
    "foreign_worker": "foreign_worker",
}

CODES = {
    "checking_status": [
        "... < 0 DM",
        "0 <= ... < 200 DM",
        "... >= 200 DM / salary assignments for at least 1 year",
        "no checking account",
    ],
    "credit_history": [
        "no credits taken/ all credits paid back duly",
        "all credits at this bank paid back duly",
        "existing credits paid back duly till now",
        "delay in paying off in the past",
        "critical account/ other credits existing (not at this bank)",
    ],
    "purpose": [
        "car (new)",
        "car (used)",
        "furniture/equipment",
        "radio/television",
        "domestic appliances",
        "repairs",
        "education",
        "retraining",
        "business",
        "others",
    ],
    "savings": [
        "... < 100 DM",
        "100 <= ... < 500 DM",
        "500 <= ... < 1000 DM",
        "... >= 1000 DM",
        "unknown/ no savings account",
    ],
    "employment": [
        "unemployed",
        "... < 1 year",
        "1 <= ... < 4 years",
        "4 <= ... < 7 years",
        "... >= 7 years",
    ],
    "other_debtors": ["none", "co-applicant", "guarantor"],
    "property": [
        "real estate",
        "building society savings agreement/ life insurance",
        "car or other, not in attribute Savings account/bonds",
        "unknown / no property",
    ],
    "other_plans": ["bank", "stores", "none"],
    "housing": ["rent", "own", "for free"],
    "job": [
        "unemployed/ unskilled - non-resident",
        "unskilled - resident",
        "skilled employee / official",
        "management/ self-employed/ highly qualified employee/ officer",
    ],
    "telephone": ["none", "yes, registered under the customers name"],
    "foreign_worker": ["no", "yes"],
}


def application(row_number, row):
    """The application of one CSV row (a dict); ValueError for a text that CODES does not know."""
    record = {"id": f"app-{row_number:04d}"}
    for field, column in COLUMNS.items():
        text = row[column]
        record[field] = CODES[field].index(text) if field in CODES else int(text)
    return record


def write_ndjson(name, records):
    text = "".join(json.dumps(record) + "\n" for record in records)
    (HERE / name).write_text(text, encoding="ascii", newline="\n")
    print(f"{name}: {len(records)} records")


def main():
    train, heldout, outcomes = [], [], []
    with open(HERE / "germancredit.csv", newline="", encoding="ascii") as table:
        for index, row in enumerate(csv.DictReader(table)):
            record = application(index + 1, row)
            good = row["creditability"] == "good"
            if index % 10 < 7:
                train.append({**record, "good": good})
            else:
                heldout.append(record)
                outcomes.append({"id": record["id"], "good": good})
    write_ndjson("train.ndjson", train)
    write_ndjson("heldout.ndjson", heldout)
    write_ndjson("heldout_outcomes.ndjson", outcomes)


if __name__ == "__main__":
    main()
