// AttachmentStore on PostgreSQL, schema media. Locks are taken in the order usage, object.
#pragma once

#include "services/media/attachment_store.h"

namespace chat::media {

class PgAttachmentStore : public AttachmentStore {
 public:
  explicit PgAttachmentStore(pg::Pool& pool) : pool_(pool) {}

  absl::StatusOr<Parts> Prepare(pg::Deadline deadline, AccountId account, int64_t message_id,
                                const std::vector<NewPart>& parts, bool remote,
                                int64_t limit) override;
  absl::StatusOr<Parts> OfMessage(pg::Deadline deadline, AccountId account,
                                  int64_t message_id) override;
  absl::Status Seal(pg::Deadline deadline, AccountId account, const std::vector<SealedPart>& parts,
                    int64_t account_bytes) override;
  absl::StatusOr<std::optional<Attachment>> ByName(pg::Deadline deadline,
                                                   const std::string& name) override;
  absl::Status Receive(pg::Deadline deadline, const Attachment& attachment, int64_t size,
                       const std::string& content_type, int64_t account_bytes,
                       const Adopt& adopt) override;
  absl::StatusOr<std::vector<std::optional<Attachment>>> Find(
      pg::Deadline deadline, const std::vector<Named>& asked) override;
  absl::StatusOr<Parts> Called(pg::Deadline deadline, AccountId account,
                               const std::string& id) override;
  absl::StatusOr<std::string> Secret(pg::Deadline deadline, const std::string& name,
                                     const std::string& fresh) override;

 private:
  pg::Pool& pool_;
};

}  // namespace chat::media
