#include "tests/load/process_meter.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <unordered_map>

namespace chat::load {

namespace {

struct Seen {
  int parent = 0;
  uint64_t ticks = 0;  // own and of children that were waited for
  uint64_t memory_kib = 0;
};

std::optional<Seen> ReadProcess(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  // A process that ends while it is read is an error of read(2): getline() takes it for the end.
  std::string text;
  std::getline(file, text, '\0');
  // The name in brackets may hold anything.
  const size_t end = text.rfind(')');
  if (end == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(end + 1));
  const std::vector<std::string> fields(std::istream_iterator<std::string>(rest), {});
  // proc(5): fields[0] is its field 3. 11 to 14: user and system time, own and of waited children.
  if (fields.size() < 22) return std::nullopt;
  Seen seen;
  seen.parent = std::atoi(fields[1].c_str());
  for (size_t field = 11; field <= 14; ++field) {
    seen.ticks += std::strtoull(fields[field].c_str(), nullptr, 10);
  }
  seen.memory_kib = std::strtoull(fields[21].c_str(), nullptr, 10) *
                    static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) / 1024;
  return seen;
}

std::unordered_map<int, Seen> AllProcesses() {
  std::unordered_map<int, Seen> all;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    int pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc()) continue;
    if (const auto seen = ReadProcess(name)) all[pid] = *seen;
  }
  return all;
}

}  // namespace

void ProcessMeter::Watch(std::string name, int pid) { SetPid(name, pid); }

void ProcessMeter::WatchState(std::string folder) { folders_.push_back(std::move(folder)); }

void ProcessMeter::SetPid(const std::string& name, int pid) {
  Watched& watched = watched_[name];
  if (watched.pid == pid) return;
  watched.pid = pid;
  watched.counted_ticks = 0;
  ++watched.starts;
}

void ProcessMeter::FindPids() {
  for (const std::string& folder : folders_) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder + "/run", error)) {
      if (entry.path().extension() != ".json") continue;
      std::ifstream file(entry.path());
      const auto record = nlohmann::json::parse(file, nullptr, false);
      if (record.is_object()) SetPid(entry.path().stem(), record.value("pid", 0));
    }
  }
}

void ProcessMeter::Start() {
  Sample();
  for (auto& [name, watched] : watched_) watched.ticks = 0;
}

void ProcessMeter::Sample() {
  FindPids();
  if (watched_.empty()) return;
  const auto all = AllProcesses();
  for (auto& [name, watched] : watched_) {
    uint64_t ticks = 0;
    uint64_t memory_kib = 0;
    for (const auto& [pid, seen] : all) {
      if (pid != watched.pid && seen.parent != watched.pid) continue;
      ticks += seen.ticks;
      memory_kib += seen.memory_kib;
    }
    if (ticks > watched.counted_ticks) watched.ticks += ticks - watched.counted_ticks;
    watched.counted_ticks = std::max(ticks, watched.counted_ticks);
    watched.memory_kib = memory_kib;
    watched.most_memory_kib = std::max(watched.most_memory_kib, memory_kib);
  }
}

std::vector<ProcessUse> ProcessMeter::Use() const {
  std::vector<ProcessUse> uses;
  const auto tick_us = 1'000'000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  for (const auto& [name, watched] : watched_) {
    uses.push_back({name, watched.ticks * tick_us, watched.memory_kib, watched.most_memory_kib,
                    watched.starts});
  }
  return uses;
}

}  // namespace chat::load
