// Uploads and objects: what the domain asks of storage. Every verb is one transaction. Thread safe.
// Errors are those of pg::Pool.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/ids.h"
#include "libs/pg/pool.h"
#include "services/media/transfer_rules.h"

namespace chat::media {

// How a client names an upload.
struct TransferKey {
  AccountId account;
  std::string id;
};

struct NewUpload {
  int64_t size = 0;
  std::string filename;  // base name
  std::string meta;      // BERT term; empty: none
};

// Where an object's bytes are.
struct StoredPlace {
  int64_t id = 0;    // of the file
  std::string name;  // in the bucket
  bool remote = false;
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // What `decide` says of the upload under the account's lock is done; kRefused changes nothing.
  // The result is the upload as it is then, nullopt when refused and there is none.
  using DecideOpen = std::function<OpenVerdict(const std::optional<Upload>&, const Used&)>;
  virtual absl::StatusOr<std::optional<Upload>> Open(pg::Deadline deadline, const TransferKey& key,
                                                     const NewUpload& upload,
                                                     const DecideOpen& decide) = 0;

  // Under the upload's lock `write` makes bytes durable and says how many are stored then and
  // whether the file is whole; that is recorded. An error of it changes nothing and is returned.
  // nullopt: there is no such upload, `write` is not called.
  using Write = std::function<absl::Status(Upload*)>;
  virtual absl::StatusOr<std::optional<Upload>> Append(pg::Deadline deadline,
                                                       const TransferKey& key,
                                                       const Write& write) = 0;

  // Calls `erase` for the upload's bytes, then forgets it. A finished object stays, one of an
  // `upload` message once that is complete. False: there is no unfinished upload of this name. With
  // `idle_s`, only one that has waited so long.
  using Erase = std::function<absl::Status(const StoredPlace& place)>;
  virtual absl::StatusOr<bool> Cancel(pg::Deadline deadline, const TransferKey& key,
                                      const Erase& erase, int64_t idle_s = 0) = 0;

  // Unfinished uploads that have waited for `idle_s`, longest first, at most 100.
  virtual absl::StatusOr<std::vector<TransferKey>> Idle(pg::Deadline deadline, int64_t idle_s) = 0;
};

}  // namespace chat::media
