"""All cases, in the order in which they are listed."""

import re

import cases_audio
import cases_local
import cases_models
import cases_proxy
import cases_states


def all_cases():
    made = [case for module in (cases_proxy, cases_audio, cases_local, cases_models, cases_states)
            for case in module.cases()]
    names = [case.name for case in made]
    double = {name for name in names if names.count(name) > 1}
    assert not double, f"names are given twice: {sorted(double)}"
    odd = [name for name in names if not re.fullmatch(r"[\w./-]{1,110}", name, re.ASCII)]
    assert not odd, f"no request id can hold these names: {odd}"
    return made
