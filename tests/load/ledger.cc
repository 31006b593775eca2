#include "tests/load/ledger.h"

#include <algorithm>

namespace chat::load {

namespace {

constexpr Micros kRepeatWindow = 1'000'000;  // O6

void AddNote(Verdict& verdict, std::string text) {
  if (verdict.notes.size() < kMaxNotes) verdict.notes.push_back(std::move(text));
}

}  // namespace

bool Verdict::Clean() const {
  return lost + duplicated + disordered + history_missing + history_wrong == 0;
}

uint32_t Ledger::AddDevice() {
  devices_.emplace_back();
  return static_cast<uint32_t>(devices_.size() - 1);
}

uint32_t Ledger::AddFeed(std::string name, std::vector<uint32_t> members) {
  const auto index = static_cast<uint32_t>(feeds_.size());
  Feed& feed = feeds_.emplace_back();
  feed.name = std::move(name);
  feed.readers.resize(members.size());
  for (uint32_t place = 0; place < members.size(); ++place) {
    feed.readers[place].device = members[place];
    devices_[members[place]].feeds.emplace_back(index, place);
  }
  return index;
}

SendId Ledger::NewSend(uint32_t feed, uint32_t sender, Micros at) {
  Send& send = feeds_[feed].sends.emplace_back();
  send.at = at;
  send.sender = sender;
  return {feed, static_cast<uint32_t>(feeds_[feed].sends.size() - 1)};
}

uint32_t Ledger::NewEdit(SendId id) {
  Send& send = feeds_[id.feed].sends[id.number];
  if (send.version != send.acknowledged_version) return 0;
  send.edit_writes = 0;
  return ++send.version;
}

void Ledger::Written(SendId id, uint32_t version) {
  Send& send = feeds_[id.feed].sends[id.number];
  ++(version == 0 ? send.writes : send.edit_writes);
}

void Ledger::Acknowledged(SendId id, uint32_t version) {
  Send& send = feeds_[id.feed].sends[id.number];
  send.acknowledged = true;
  send.acknowledged_version = std::max(send.acknowledged_version, static_cast<uint16_t>(version));
}

void Ledger::Refused(uint32_t device) { ++devices_[device].refusals; }

void Ledger::Connected(uint32_t index) {
  Device& device = devices_[index];
  ++device.connection;
  device.ends.push_back(0);
}

void Ledger::Ended(uint32_t device, Micros heard) {
  if (!devices_[device].ends.empty()) devices_[device].ends.back() = heard;
}

Ledger::Outcome Ledger::Received(uint32_t device, const Receipt& receipt, Micros now) {
  Reader* reader = ReaderOf(device, receipt.send.feed);
  if (reader == nullptr) return {};
  Feed& feed = feeds_[receipt.send.feed];
  if (receipt.send.number >= feed.sends.size()) return {};
  Send& send = feed.sends[receipt.send.number];
  if (send.id == 0) {
    send.id = receipt.id;
  } else if (send.id != receipt.id) {
    ++so_far_.duplicated;
    Note("duplicated: stored twice", reader, receipt.send, "as " + std::to_string(receipt.id));
    return {};
  }
  if (reader->copies.size() <= receipt.send.number) reader->copies.resize(feed.sends.size());
  Copy& copy = reader->copies[receipt.send.number];
  if (copy.connection != 0) {
    TakeAgain(*reader, copy, receipt, now);
    return {};
  }
  if (receipt.is_edit) {
    ++so_far_.disordered;
    Note("disordered: the edit came before the message", reader, receipt.send, "");
  }
  if (receipt.version == 0) CheckOrder(*reader, receipt, true);
  copy = {now, devices_[device].connection, static_cast<uint16_t>(receipt.version), 1};
  return {true, send.sender != device, now - send.at};
}

void Ledger::TakeAgain(Reader& reader, Copy& copy, const Receipt& receipt, Micros now) {
  const uint32_t connection = devices_[reader.device].connection;
  const auto version = static_cast<uint16_t>(receipt.version);
  if (version > copy.version) {
    copy = {now, connection, version, 1};
    return;
  }
  if (version < copy.version) {
    if (copy.connection != connection) return CountRepeat(reader, copy, receipt);
    ++so_far_.disordered;
    return Note("disordered: an older text after a newer one", &reader, receipt.send, "");
  }
  // An edit that was written twice is two edits (PROTOCOL 5.6.3 "again").
  const Send& send = feeds_[receipt.send.feed].sends[receipt.send.number];
  const bool is_edit_again =
      version > 0 && version == send.version && copy.copies_of_version < send.edit_writes;
  ++copy.copies_of_version;
  if (is_edit_again) {
    copy.at = now;
    copy.connection = connection;
    return;
  }
  if (copy.connection == connection) {
    ++so_far_.duplicated;
    return Note("duplicated", &reader, receipt.send,
                receipt.dup ? "with DUP on the same connection" : "on the same connection");
  }
  CountRepeat(reader, copy, receipt);
  if (version == 0) CheckOrder(reader, receipt, false);
  copy.at = now;
  copy.connection = connection;
}

void Ledger::CountRepeat(const Reader& reader, const Copy& copy, const Receipt& receipt) {
  const Micros end = devices_[reader.device].ends[copy.connection - 1];
  if (!receipt.dup) ++so_far_.repeated_unmarked;
  if (copy.at >= end - kRepeatWindow) {
    ++so_far_.repeated;
    return;
  }
  ++so_far_.repeated_old;
  Note("repeated too late", &reader, receipt.send,
       "acknowledged " + std::to_string((end - copy.at) / 1000) + " ms before the break");
}

void Ledger::CheckOrder(Reader& reader, const Receipt& receipt, bool first) {
  const uint32_t connection = devices_[reader.device].connection;
  if (reader.connection != connection) {
    reader.connection = connection;
    reader.top_on_connection = 0;
  }
  const int64_t bound =
      first ? std::max(reader.top, reader.top_on_connection) : reader.top_on_connection;
  if (receipt.id <= bound) {
    ++so_far_.disordered;
    Note(first ? "disordered" : "disordered: a repeat", &reader, receipt.send,
         std::to_string(receipt.id) + " after " + std::to_string(bound));
  }
  reader.top_on_connection = std::max(reader.top_on_connection, receipt.id);
  if (first) reader.top = std::max(reader.top, receipt.id);
}

void Ledger::AddHistoryRow(uint32_t index, const HistoryRow& row) {
  Feed& feed = feeds_[index];
  if (row.id == feed.last_row) return;
  const std::string where = feed.name + " row " + std::to_string(row.id);
  if (row.id < feed.last_row) {
    ++so_far_.history_wrong;
    AddNote(so_far_, "History runs backwards: " + where);
  }
  if (row.prev != feed.last_row) {
    ++so_far_.history_wrong;
    AddNote(so_far_, "History: " + where + " has prev " + std::to_string(row.prev) + ", not " +
                         std::to_string(feed.last_row));
  }
  feed.last_row = row.id;
  if (!row.known || row.send.feed != index || row.send.number >= feed.sends.size()) return;
  Send& send = feed.sends[row.send.number];
  if (send.in_history || (send.id != 0 && send.id != row.id)) {
    ++so_far_.duplicated;
    return AddNote(so_far_, "duplicated: History has a second row of " + Describe(row.send) + ", " +
                                std::to_string(row.id));
  }
  send.in_history = true;
  send.id = row.id;
  feed.rows.emplace_back(row.id, row.send.number);
  if (row.version < send.acknowledged_version || row.version > send.version) {
    ++so_far_.history_wrong;
    AddNote(so_far_,
            "History has version " + std::to_string(row.version) + " of " + Describe(row.send));
  }
}

void Ledger::HistoryEnd(uint32_t feed) { feeds_[feed].read_whole = true; }

int64_t Ledger::IdOf(SendId send) const { return feeds_[send.feed].sends[send.number].id; }

uint32_t Ledger::SenderOf(SendId send) const { return feeds_[send.feed].sends[send.number].sender; }

bool Ledger::IsAcknowledged(SendId send) const {
  return feeds_[send.feed].sends[send.number].acknowledged;
}

uint64_t Ledger::Outstanding() const {
  uint64_t count = 0;
  std::vector<uint64_t> excuses = Excuses();
  for (const Feed& feed : feeds_) {
    for (uint32_t number = 0; number < feed.sends.size(); ++number) {
      const Send& send = feed.sends[number];
      if (!IsCommitted(send)) continue;
      if (send.id == 0 && excuses[send.sender] > 0) {
        --excuses[send.sender];
        continue;
      }
      for (const Reader& reader : feed.readers) {
        const bool has = number < reader.copies.size() && reader.copies[number].connection != 0;
        if (!has || reader.copies[number].version < send.acknowledged_version) ++count;
      }
    }
  }
  return count;
}

std::vector<uint64_t> Ledger::Excuses() const {
  std::vector<uint64_t> excuses;
  for (const Device& device : devices_) excuses.push_back(device.refusals);
  return excuses;
}

Verdict Ledger::Judge() const {
  Verdict verdict = so_far_;
  std::vector<uint64_t> excuses = Excuses();
  for (uint32_t feed = 0; feed < feeds_.size(); ++feed) JudgeFeed(feed, excuses, verdict);
  return verdict;
}

void Ledger::JudgeFeed(uint32_t index, std::vector<uint64_t>& excuses, Verdict& verdict) const {
  const Feed& feed = feeds_[index];
  std::vector<int64_t> last_of(devices_.size(), 0);
  for (uint32_t number = 0; number < feed.sends.size(); ++number) {
    const Send& send = feed.sends[number];
    if (!IsCommitted(send)) continue;
    const SendId id{index, number};
    if (send.id == 0 && excuses[send.sender] > 0) {
      --excuses[send.sender];
      ++verdict.excused;
      continue;
    }
    if (feed.read_whole && !send.in_history) {
      ++verdict.history_missing;
      AddNote(verdict, "not in History: " + Describe(id));
    }
    if (send.id != 0) {
      if (send.id < last_of[send.sender]) ++verdict.overtaken;
      last_of[send.sender] = std::max(last_of[send.sender], send.id);
    }
    for (const Reader& reader : feed.readers) {
      const bool has = number < reader.copies.size() && reader.copies[number].connection != 0;
      if (has && reader.copies[number].version >= send.acknowledged_version) continue;
      ++verdict.lost;
      AddNote(verdict, (has ? "lost: the edit of " : "lost: ") + Describe(id) + " at device " +
                           std::to_string(reader.device));
    }
  }
}

Ledger::Reader* Ledger::ReaderOf(uint32_t device, uint32_t feed) {
  if (feed >= feeds_.size()) return nullptr;
  const auto& mine = devices_[device].feeds;
  const auto found =
      std::lower_bound(mine.begin(), mine.end(), std::pair<uint32_t, uint32_t>{feed, 0});
  if (found == mine.end() || found->first != feed) return nullptr;
  return &feeds_[feed].readers[found->second];
}

void Ledger::Note(std::string_view what, const Reader* reader, SendId send, std::string_view more) {
  if (so_far_.notes.size() >= kMaxNotes) return;
  std::string text(what);
  text += ": " + Describe(send);
  if (reader != nullptr) {
    text += " at device " + std::to_string(reader->device) + " connection " +
            std::to_string(devices_[reader->device].connection);
  }
  if (!more.empty()) text.append(", ").append(more);
  so_far_.notes.push_back(std::move(text));
}

std::string Ledger::Describe(SendId id) const {
  const Feed& feed = feeds_[id.feed];
  const Send& send = feed.sends[id.number];
  return feed.name + " number " + std::to_string(id.number) + " (id " + std::to_string(send.id) +
         ", sender " + std::to_string(send.sender) + ", written " + std::to_string(send.writes) +
         (send.acknowledged ? " times, acknowledged)" : " times)");
}

}  // namespace chat::load
