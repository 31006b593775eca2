"""The schedule: repeatable, whole, and healed before the end."""

import sys
import unittest

import schedule


class ScheduleTest(unittest.TestCase):
    def test_a_seed_gives_the_same_schedule_and_another_one_another(self):
        self.assertEqual(schedule.plan(7, 300), schedule.plan(7, 300))
        self.assertNotEqual(schedule.plan(7, 300), schedule.plan(8, 300))

    def test_everything_is_healed_before_the_end(self):
        for seed in range(50):
            for seconds in (30, 60, 1800):
                for fault in schedule.plan(seed, seconds):
                    self.assertGreaterEqual(fault.at, schedule.QUIET_SECONDS)
                    self.assertLessEqual(fault.end, seconds - schedule.QUIET_SECONDS)
                    self.assertLessEqual(fault.seconds, schedule.LONGEST_STOP_SECONDS)

    def test_half_an_hour_has_every_fault_on_every_kind_of_target(self):
        faults = {(fault.kind, fault.target.rpartition("-")[0]) for fault in schedule.plan(1, 1800)}
        wanted = {(kind, names[0].rpartition("-")[0]) for kind, names in schedule.targets(2, 2)}
        self.assertEqual(wanted - faults, set())

    def test_nobody_has_two_faults_at_once(self):
        for seed in range(20):
            ends = {}
            for fault in schedule.plan(seed, 1800):
                self.assertGreaterEqual(fault.at, ends.get(fault.target, 0))
                ends[fault.target] = fault.end

    def test_a_minute_is_enough_for_some(self):
        for seed in range(50):
            self.assertGreater(len(schedule.plan(seed, 60)), 4, seed)


if __name__ == "__main__":
    sys.exit(unittest.main())
