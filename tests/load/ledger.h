// The account of what was sent, acknowledged and received, and the judgement over it (PROTOCOL O6).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chat::load {

// Monotonic microseconds of the caller's clock.
using Micros = int64_t;

// One message of a feed: the `number`-th that this run sends there. Edits are its versions 1, 2, …
struct SendId {
  uint32_t feed = 0;
  uint32_t number = 0;
};

// One message as it came to a device on the feed's topic.
struct Receipt {
  SendId send;
  uint32_t version = 0;
  int64_t id = 0;        // the server's
  bool is_edit = false;  // status `edit`
  bool dup = false;      // MQTT's flag
};

// One row of History; `known`: it belongs to a message of this run.
struct HistoryRow {
  int64_t id = 0;
  int64_t prev = 0;  // 0: none
  bool known = false;
  SendId send;
  uint32_t version = 0;
};

// Counts of deliveries, not of messages: a message that two devices miss is lost twice.
struct Verdict {
  // The promise: all of these are 0.
  uint64_t lost = 0;        // committed, and a device of the feed never got it (or its last edit)
  uint64_t duplicated = 0;  // a second copy on one connection, or a second row of one send
  uint64_t disordered = 0;  // a device saw a feed run backwards
  uint64_t history_missing = 0;  // acknowledged, and History does not have it
  uint64_t history_wrong =
      0;  // a row with an older text, out of order, or a broken chain of `prev`
  // A copy after a broken connection of what was acknowledged more than a second before the break.
  uint64_t repeated_old = 0;
  // Allowed: a copy after a broken connection of what was acknowledged within its last second.
  uint64_t repeated = 0;
  uint64_t repeated_unmarked = 0;  // of the two above, those without DUP
  // A sender's own messages have not the order in which it sent them first (it sent again).
  uint64_t overtaken = 0;
  uint64_t excused = 0;  // acknowledged, not stored, and an error reply tells of it

  bool Clean() const;
  std::vector<std::string> notes;  // the first kMaxNotes breaches in words
};
inline constexpr size_t kMaxNotes = 100;

// Pure: time comes with the calls. Memory: 24 bytes a send and 16 a receipt. Not thread-safe.
//
// Who should get a message: every member of its feed, the sender too (PROTOCOL 5.6.1). What must
// arrive: all that was acknowledged or that anybody saw. In 3.1.1 a refusal names no message, so
// each error reply to a device excuses one acknowledged send of it that History does not have.
class Ledger {
 public:
  // What Received found.
  struct Outcome {
    bool first = false;     // the first copy of this message at this device
    bool by_other = false;  // somebody else sent it
    Micros since_sent = 0;
  };

  uint32_t AddDevice();
  // Members are indexes of AddDevice, each once.
  uint32_t AddFeed(std::string name, std::vector<uint32_t> members);

  // A message comes into being at `at` (its due time); it is written later, or never.
  SendId NewSend(uint32_t feed, uint32_t sender, Micros at);
  // Returns the new version, or 0: an edit of this message is still on its way.
  uint32_t NewEdit(SendId send);
  // It goes over the wire, for the first time or again.
  void Written(SendId send, uint32_t version);
  void Acknowledged(SendId send, uint32_t version);
  // An error reply arrived at the device.
  void Refused(uint32_t device);

  void Connected(uint32_t device);
  // `heard`: when the connection showed its last life.
  void Ended(uint32_t device, Micros heard);
  Outcome Received(uint32_t device, const Receipt& receipt, Micros now);

  // Rows oldest first; the overlap of two pages may be given twice. Then HistoryEnd.
  void AddHistoryRow(uint32_t feed, const HistoryRow& row);
  void HistoryEnd(uint32_t feed);

  // The server's id of a message that has been seen, else 0.
  int64_t IdOf(SendId send) const;
  uint32_t SenderOf(SendId send) const;
  size_t feeds() const { return feeds_.size(); }
  size_t SendsOf(uint32_t feed) const { return feeds_[feed].sends.size(); }
  bool IsAcknowledged(SendId send) const;
  // Deliveries of committed messages and edits that have not arrived.
  uint64_t Outstanding() const;
  // Whole only when nothing is outstanding or nothing more will come.
  Verdict Judge() const;

 private:
  struct Send {
    Micros at = 0;
    int64_t id = 0;
    uint32_t sender = 0;
    uint16_t writes = 0;
    uint16_t edit_writes = 0;  // of the newest version
    uint16_t version = 0;      // newest that was written
    uint16_t acknowledged_version = 0;
    bool acknowledged = false;
    bool in_history = false;
  };
  struct Copy {
    Micros at = 0;
    uint32_t connection = 0;  // 0: none yet
    uint16_t version = 0;
    uint16_t copies_of_version = 0;
  };
  struct Reader {
    uint32_t device = 0;
    int64_t top = 0;  // greatest id that arrived in its first version
    uint32_t connection = 0;
    int64_t top_on_connection = 0;
    std::vector<Copy> copies;  // by number
  };
  struct Feed {
    std::string name;
    std::vector<Send> sends;
    std::vector<Reader> readers;
    std::vector<std::pair<int64_t, uint32_t>> rows;  // History: id, number of our own ones
    int64_t last_row = 0;
    bool read_whole = false;
  };
  struct Device {
    uint32_t connection = 0;
    uint64_t refusals = 0;
    std::vector<Micros> ends;                          // of connections 1, 2, …
    std::vector<std::pair<uint32_t, uint32_t>> feeds;  // feed, place among its readers
  };

  Reader* ReaderOf(uint32_t device, uint32_t feed);
  void TakeAgain(Reader& reader, Copy& copy, const Receipt& receipt, Micros now);
  void CountRepeat(const Reader& reader, const Copy& copy, const Receipt& receipt);
  void CheckOrder(Reader& reader, const Receipt& receipt, bool first);
  void Note(std::string_view what, const Reader* reader, SendId send, std::string_view more);
  std::string Describe(SendId send) const;
  std::vector<uint64_t> Excuses() const;  // by device
  void JudgeFeed(uint32_t feed, std::vector<uint64_t>& excuses, Verdict& verdict) const;
  static bool IsCommitted(const Send& send) {
    return send.acknowledged || send.id != 0 || send.in_history;
  }

  std::vector<Feed> feeds_;
  std::vector<Device> devices_;
  Verdict so_far_;
};

}  // namespace chat::load
