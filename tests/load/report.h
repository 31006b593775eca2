#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/load/fleet.h"
#include "tests/load/options.h"
#include "tests/load/process_meter.h"

namespace chat::load {

// What a run found; all that the table and the JSON show.
struct Report {
  std::string run;
  const Options* options = nullptr;
  double seconds = 0;         // of the measured time
  Counters counters;          // of the whole run
  uint64_t acknowledged = 0;  // in the measured time
  uint64_t deliveries = 0;    // in the measured time
  uint64_t passed_over = 0;
  uint64_t unacknowledged = 0;  // still, at the end
  uint64_t history_rows = 0;
  bool history_read = false;  // of every conversation, to its end
  Latency delivery;
  Latency acknowledgement;
  std::vector<ProcessUse> processes;
  uint64_t own_cpu_us = 0;
  Verdict verdict;

  // A plain broker has no history.
  bool HistoryIsMissing() const { return !history_read && !options->plain; }
  bool Kept() const { return verdict.Clean() && !HistoryIsMissing() && unacknowledged == 0; }
};

std::string ToTable(const Report& report);
std::string ToJson(const Report& report);

}  // namespace chat::load
