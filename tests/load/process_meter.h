#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace chat::load {

struct ProcessUse {
  std::string name;
  uint64_t cpu_us = 0;      // since Start
  uint64_t memory_kib = 0;  // resident at the last sample, children included
  uint64_t most_memory_kib = 0;
  uint32_t starts = 0;  // processes that have had this name
};

// CPU time and memory of named processes and their children, from /proc. A process that was started
// anew under its name goes on counting; what it used after the last sample before its end is not
// seen.
class ProcessMeter {
 public:
  // name -> pid.
  void Watch(std::string name, int pid);
  // A folder of deploy/local/up: the pids of run/*.json, read again at each sample.
  void WatchState(std::string folder);

  void Start();
  void Sample();
  std::vector<ProcessUse> Use() const;

 private:
  struct Watched {
    int pid = 0;
    uint64_t counted_ticks = 0;  // of the present pid, already in `ticks`
    uint64_t ticks = 0;
    uint64_t memory_kib = 0;
    uint64_t most_memory_kib = 0;
    uint32_t starts = 0;
  };

  void FindPids();
  void SetPid(const std::string& name, int pid);

  std::vector<std::string> folders_;
  std::map<std::string, Watched> watched_;
};

}  // namespace chat::load
