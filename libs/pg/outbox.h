// A transactional outbox: rows (id, key, payload) of table `<schema>.outbox`, written in the
// transaction that they belong to and delivered at least once, in order of id within a key, until
// the receiver has accepted them. The receiver ignores ids that it has seen.
//
//   CREATE TABLE <schema>.outbox (id bigserial PRIMARY KEY, key text NOT NULL,
//                                 payload bytea NOT NULL);
//   CREATE INDEX outbox_key ON <schema>.outbox (key, id);
//
// Order: ids are drawn when rows are added, so an owner whose transactions add to one key at once
// must lock something of that key first (it does: the row that the change is about).
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/pg/pool.h"

namespace chat::pg {

struct OutboxRow {
  int64_t id = 0;
  std::string payload;
};

class Outbox {
 public:
  // Called on the thread of Drain() or of the sweeper, never inside the owner's transaction. OK
  // removes the rows. Meanwhile a transaction holds the key's advisory lock and nothing else, so
  // that one drainer at a time keeps the order of a key; the deadline bounds it to 4 s.
  using Deliver = std::function<absl::Status(Deadline, const std::vector<OutboxRow>&)>;

  // The sweeper thread drains every `sweep` what was left over by a crash or a failed delivery.
  // Several replicas may sweep at once: a key that another one drains is skipped.
  Outbox(Pool& pool, std::string schema, Deliver deliver,
         std::chrono::milliseconds sweep = std::chrono::milliseconds(500));
  ~Outbox();  // joins the sweeper

  // Inside the owner's transaction.
  void Add(Tx& tx, std::string_view key, std::string_view payload);
  // Many rows of one key, in this order, in one statement.
  void AddAll(Tx& tx, std::string_view key, const std::vector<std::string>& payloads);
  // Right after the commit: delivers all rows of `key`, older ones first. An error leaves them to
  // the sweeper.
  absl::Status Drain(Deadline deadline, std::string_view key);
  // As Drain for many keys at once, which a bulk change has written to.
  absl::Status Drain(Deadline deadline, const std::vector<std::string>& keys);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chat::pg
