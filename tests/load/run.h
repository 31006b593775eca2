#pragma once

#include <absl/status/status.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/load/fleet.h"
#include "tests/load/gathering.h"
#include "tests/load/options.h"
#include "tests/load/process_meter.h"
#include "tests/load/report.h"

namespace chat::load {

// One run from registration to report. Its phases, each announced by a line on stdout that begins
// with "phase": enrol, connect, gather, subscribe, traffic, drain, history. At a plain broker there
// is nobody to enrol, nothing to gather and no history.
class Run {
 public:
  explicit Run(const Options& options);

  // An error: the run could not be made. Else the report is whole.
  absl::Status Execute();
  const Report& report() const { return report_; }

 private:
  struct Snapshot {
    uint64_t acknowledged = 0;
    uint64_t deliveries = 0;
    uint64_t own_cpu_us = 0;
    Micros at = 0;
  };

  absl::Status Resolve();
  absl::Status Enrol();
  absl::Status Connect();
  absl::Status Gather();
  absl::Status Subscribe();
  void Send();
  void Drain();
  void ReadHistory();
  void Conclude();
  void LoadAccounts();
  absl::Status SaveAccounts();
  absl::Status WriteAcknowledged() const;
  Snapshot Now() const;
  // At most once a second.
  void Progress(const char* phase);
  // Rounds until done() or the time is over; false: the time.
  template <typename Done>
  bool RoundsUntil(double seconds, const char* phase, Done done);

  const Options& options_;
  LinkContext context_;
  Fleet fleet_;
  ProcessMeter meter_;
  std::vector<Account> accounts_;
  std::vector<Friendship> known_friendships_;
  Report report_;
  Snapshot last_progress_;
  Micros began_ = 0;
  Micros next_sample_ = 0;
};

// SIGINT and SIGTERM set it: no new records.
void StopAtSignals();

}  // namespace chat::load
