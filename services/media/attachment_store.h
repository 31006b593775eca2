// Objects of `upload` messages (PROTOCOL O24) and what links need of any object. Every verb is one
// transaction. Thread safe. Errors are those of pg::Pool.
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

struct Attachment {
  int64_t id = 0;
  AccountId account;  // the uploader
  std::string name;
  std::string transfer_id;
  int part = 0;
  std::string desc_id;
  std::string filename;
  std::string content_type;
  int64_t size = 0;
  bool present = false;  // its bytes are here, as far as the database knows
  bool sealed = false;   // completed
  bool remote = false;
};

struct NewPart {
  int index = 0;
  std::string desc_id;
  std::string filename;
};

struct SealedPart {
  int64_t id = 0;
  int64_t size = 0;
  std::string content_type;
};

class AttachmentStore {
 public:
  virtual ~AttachmentStore() = default;

  // The objects of these parts, those made now and those of an earlier call, in their order.
  // kResourceExhausted: the account would have more than `limit` that are not complete.
  using Parts = std::vector<Attachment>;
  virtual absl::StatusOr<Parts> Prepare(pg::Deadline deadline, AccountId account,
                                        int64_t message_id, const std::vector<NewPart>& parts,
                                        bool remote, int64_t limit) = 0;
  // In order of their parts.
  virtual absl::StatusOr<Parts> OfMessage(pg::Deadline deadline, AccountId account,
                                          int64_t message_id) = 0;
  // Seals them all, counting remote ones against the quota. kFailedPrecondition: one has changed
  // since it was looked at; kResourceExhausted: over quota.
  virtual absl::Status Seal(pg::Deadline deadline, AccountId account,
                            const std::vector<SealedPart>& parts, int64_t account_bytes) = 0;

  virtual absl::StatusOr<std::optional<Attachment>> ByName(pg::Deadline deadline,
                                                           const std::string& name) = 0;
  // `adopt` makes the bytes durable under the object's lock; they are its content then.
  // kNotFound, kFailedPrecondition (sealed), kResourceExhausted (over quota).
  using Adopt = std::function<absl::Status()>;
  virtual absl::Status Receive(pg::Deadline deadline, const Attachment& attachment, int64_t size,
                               const std::string& content_type, int64_t account_bytes,
                               const Adopt& adopt) = 0;

  // Finished objects, of ftp and complete ones, each by its uploader and its name or transfer id;
  // nullopt where there is none.
  struct Named {
    AccountId account;
    std::string id;
  };
  virtual absl::StatusOr<std::vector<std::optional<Attachment>>> Find(
      pg::Deadline deadline, const std::vector<Named>& asked) = 0;
  // Finished objects of anybody that go by this id, the account's own first, at most 4.
  virtual absl::StatusOr<Parts> Called(pg::Deadline deadline, AccountId account,
                                       const std::string& id) = 0;

  // The shared secret of this name; `fresh` becomes it where there is none.
  virtual absl::StatusOr<std::string> Secret(pg::Deadline deadline, const std::string& name,
                                             const std::string& fresh) = 0;
};

}  // namespace chat::media
