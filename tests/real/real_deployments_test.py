#!/usr/bin/env python3
"""One name in front of two real llama-servers, of which one is killed or freezes under load.

What has not begun to be answered never fails; what has begun is complete or reported as cut; no answer
is made of two.
"""

import time
import unittest

from real_engines import HOLD_SECONDS, TIMEOUTS, Crowd, EngineStack
from real_stack import eventually

# One engine alone has to serve them all before the limit of the first token, or else a failure is the truth.
CLIENTS = 12
TOKENS = 16
BACK_SECONDS = 15.0  # until a returned engine has work again
LOAD_SECONDS = 120.0  # a limit for what takes seconds on an idle machine


def shares(outcomes):
    """(deployment: answers) as text."""
    names = sorted({each.deployment for each in outcomes if each.complete})
    return ", ".join(f"{name} {sum(1 for each in outcomes if each.complete and each.deployment == name)}"
                     for name in names)


class Case(unittest.TestCase):
    timeouts = "{}"

    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(EngineStack(timeouts=cls.timeouts))

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            self.stack.print_logs()

    def crowd(self, name):
        return self.enterContext(Crowd(self.stack.port, name, CLIENTS, TOKENS))

    def leave(self, crowd):
        """Ends the crowd and says what it has seen. @returns all outcomes"""
        crowd.__exit__()
        outcomes = crowd.all()
        cut = [each for each in outcomes if each.cut]
        failed = [each for each in outcomes if each.failed_before_it_began]
        again = sum(1 for each in outcomes if each.complete and each.attempts > 1)
        print(f"{self._testMethodName}: {len(outcomes)} requests of {CLIENTS} clients; complete: "
              f"{shares(outcomes)}; answered at a second attempt {again}; cut and said so {len(cut)}; "
              f"failed before they began {len(failed)}; slowest "
              f"{max(each.ended - each.began for each in outcomes):.1f} s", flush=True)
        for each in failed + [each for each in outcomes if each.problem]:
            print(f"    {each}")
        self.assertEqual([str(each) for each in failed], [], "requests failed that nobody had begun to answer")
        self.assertEqual([str(each) for each in outcomes if each.problem], [])
        self.assertTrue(all(each.stream for each in cut), "a whole answer was cut")
        self.assertFalse(any(thread.is_alive() for thread in crowd.threads), "a client still waits")
        return outcomes

    def kill_under_load(self, name, victim, other):
        crowd = self.crowd(name)
        self.assertTrue(crowd.answered(10, by=victim, seconds=LOAD_SECONDS))
        self.assertTrue(crowd.begun_stream(victim, LOAD_SECONDS))
        self.stack.kill_engine("a")
        killed = time.monotonic()
        self.assertTrue(crowd.answered(2 * CLIENTS, by=other, since=killed, seconds=LOAD_SECONDS))
        self.stack.start_engine("a")
        self.wait_for_return(crowd, victim, time.monotonic())
        return crowd

    def freeze_under_load(self, name, victim, other):
        crowd = self.crowd(name)
        self.assertTrue(crowd.answered(10, by=victim, seconds=LOAD_SECONDS))
        self.stack.freeze("a")
        frozen = time.monotonic()
        # All that waited for the frozen one have found the other, or were cut.
        self.assertTrue(crowd.answered(2 * CLIENTS, by=other, since=frozen, seconds=LOAD_SECONDS))
        self.assertTrue(eventually(lambda: time.monotonic() > frozen + HOLD_SECONDS + 5, LOAD_SECONDS))
        self.stack.thaw("a")
        self.wait_for_return(crowd, victim, time.monotonic())
        return crowd

    def wait_for_return(self, crowd, victim, back):
        """Until the one that is back answers what was asked since."""
        def seen(outcomes):
            return any(each.complete and each.began >= back and each.deployment == victim
                       for each in outcomes)
        self.assertTrue(crowd.wait_for(seen, LOAD_SECONDS), f"{victim} never came back")
        first = min(each.began for each in crowd.all()
                    if each.complete and each.began >= back and each.deployment == victim)
        print(f"    the first request for {victim} came {first - back:.1f} s after its return", flush=True)
        self.assertLess(first - back, BACK_SECONDS)

    def wait_for_the_first_tier(self, crowd):
        """Until only the first tier is asked. @returns nothing; says when"""
        back = time.monotonic()
        self.assertTrue(crowd.answered(3 * CLIENTS, by="first", since=back, seconds=LOAD_SECONDS))
        late = [each.began for each in crowd.all() if each.deployment == "second" and each.began >= back]
        until = max(late) - back if late else 0.0
        print(f"    the second tier was asked for {until:.1f} s more, {len(late)} times", flush=True)
        self.assertLess(until, BACK_SECONDS)


class Killed(Case):
    def test_a_killed_engine_beside_another_costs_no_request_that_had_not_begun(self):
        outcomes = self.leave(self.kill_under_load("side-by-side", "beside-a", "beside-b"))
        self.assertTrue(any(each.cut for each in outcomes), "the stream that had begun was not cut")

    def test_a_killed_first_tier_costs_no_request_that_had_not_begun(self):
        crowd = self.kill_under_load("two-tiers", "first", "second")
        self.wait_for_the_first_tier(crowd)
        outcomes = self.leave(crowd)
        self.assertTrue(any(each.cut for each in outcomes), "the stream that had begun was not cut")


class Frozen(Case):
    timeouts = TIMEOUTS

    def test_a_frozen_engine_beside_another_costs_no_request_that_had_not_begun(self):
        self.leave(self.freeze_under_load("side-by-side", "beside-a", "beside-b"))

    def test_a_frozen_first_tier_costs_no_request_that_had_not_begun(self):
        crowd = self.freeze_under_load("two-tiers", "first", "second")
        self.wait_for_the_first_tier(crowd)
        self.leave(crowd)


if __name__ == "__main__":
    unittest.main(verbosity=2)
