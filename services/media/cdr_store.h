// Call records (PROTOCOL 5.8, O27). Every verb is one transaction. Thread safe. Errors are those of
// pg::Pool.
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <vector>

#include "chat/v1/records.pb.h"
#include "libs/base/ids.h"
#include "libs/pg/pool.h"

namespace chat::media {

struct NewCdr {
  std::string feed;   // its key
  std::string topic;  // where it is published
  AccountId account;  // of `from`
  std::optional<AccountId> callee;
  v1::Cdr record;  // without id: the server invents one
};

class CdrStore {
 public:
  virtual ~CdrStore() = default;

  // Its id. Stores it and queues its broadcast, unless the feed has one of this id.
  // kResourceExhausted: the account has added `per_day` within a day.
  virtual absl::StatusOr<std::string> Put(pg::Deadline deadline, const NewCdr& cdr,
                                          int64_t per_day) = 0;
  // The newest first.
  virtual absl::StatusOr<std::vector<v1::Cdr>> Newest(pg::Deadline deadline, AccountId account,
                                                      int64_t limit) = 0;
};

}  // namespace chat::media
