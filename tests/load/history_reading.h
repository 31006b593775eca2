#pragma once

#include <cstdint>
#include <vector>

#include "tests/load/fleet.h"

namespace chat::load {

// Reads every conversation from its beginning by History/get (PROTOCOL 5.6.4) and gives the rows to
// the ledger. Each device reads one at a time; owns the fleet's hook `record` while it lives.
class HistoryReading {
 public:
  explicit HistoryReading(Fleet& fleet);
  ~HistoryReading();
  HistoryReading(const HistoryReading&) = delete;
  HistoryReading& operator=(const HistoryReading&) = delete;

  // Conversations that are not read to the end. Call between rounds: asks again where no answer
  // came for a while.
  size_t Advance(client::Millis now);
  uint64_t rows() const { return rows_; }

 private:
  struct Reader {
    std::vector<uint32_t> to_read;  // the last one first
    int64_t from = 0;
    client::Millis asked_at = 0;
    bool asked = false;
  };

  void OnHistory(Device& device, const v1::History& page);
  void Ask(Device& device, Reader& reader);

  Fleet& fleet_;
  std::vector<Reader> readers_;  // by device
  size_t left_ = 0;
  uint64_t rows_ = 0;
};

}  // namespace chat::load
