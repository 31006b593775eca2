// Objects of `upload` messages and the links of all objects (PROTOCOL O16, O24): made when
// messaging stores an upload, filled by a PUT, sealed by `complete`, linked at each sending.
#pragma once

#include "chat/v1/media.pb.h"
#include "libs/base/clock.h"
#include "libs/rpc/call.h"
#include "services/media/attachment_store.h"
#include "services/media/object_files.h"
#include "services/media/object_space.h"
#include "services/media/signed_links.h"
#include "services/media/upload_target.h"

namespace chat::media {

struct AttachmentLimits {
  int64_t object_bytes = 0;
  int64_t account_bytes = 0;
  int64_t open_parts = 0;  // of an account, not complete
};

// Thread safe; every call blocks.
class Attachments : public UploadTarget {
 public:
  // All outlive it. `space` is where new objects go; `local` serves what lies in `files`.
  Attachments(AttachmentStore& store, const ObjectFiles& files, const SignedLinks& links,
              const ObjectSpace& space, const ObjectSpace& local, AttachmentLimits limits)
      : store_(store),
        files_(files),
        links_(links),
        space_(space),
        local_(local),
        limits_(limits) {}

  // MediaInternal. too_many; invalid_data.
  absl::StatusOr<v1::PrepareReply> Prepare(const rpc::Call& call,
                                           const v1::PrepareRequest& request);
  absl::StatusOr<v1::CompleteReply> Complete(const rpc::Call& call,
                                             const v1::CompleteRequest& request);
  absl::StatusOr<v1::RenderReply> Render(const rpc::Call& call, const v1::RenderRequest& request);

  absl::StatusOr<std::unique_ptr<Incoming>> Accept(const UploadRequest& request) override;

 private:
  class Body;
  const ObjectSpace& SpaceOf(const Attachment& attachment) const {
    return attachment.remote ? space_ : local_;
  }
  absl::StatusOr<std::optional<Attachment>> Linked(pg::Deadline deadline, AccountId author,
                                                   const std::string& url) const;
  absl::StatusOr<SealedPart> Inspect(const Attachment& attachment, int64_t declared) const;

  AttachmentStore& store_;
  const ObjectFiles& files_;
  const SignedLinks& links_;
  const ObjectSpace& space_;
  const ObjectSpace& local_;
  const AttachmentLimits limits_;
};

}  // namespace chat::media
