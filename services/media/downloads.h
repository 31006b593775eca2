// Who may read which object (PROTOCOL O16): whoever has a link that messaging rendered, its
// uploader, and those who may read a feed in which the uploader sent it, by the token of a live
// session.
#pragma once

#include "chat/v1/auth.grpc.pb.h"
#include "chat/v1/messaging.grpc.pb.h"
#include "services/media/attachment_store.h"
#include "services/media/download_source.h"
#include "services/media/object_space.h"
#include "services/media/signed_links.h"

namespace chat::media {

class Downloads : public DownloadSource {
 public:
  struct Peers {
    v1::AuthInternal::StubInterface& auth;
    v1::FeedsInternal::StubInterface& feeds;
  };
  // All outlive it. `space` has the remote objects.
  Downloads(AttachmentStore& store, const ObjectFiles& files, const SignedLinks& links,
            const ObjectSpace& space, Peers peers)
      : store_(store), files_(files), links_(links), space_(space), peers_(peers) {}

  absl::StatusOr<Download> Find(const DownloadRequest& request) override;

 private:
  absl::StatusOr<Attachment> ByLink(const DownloadRequest& request);
  absl::StatusOr<Attachment> ByToken(const DownloadRequest& request);

  AttachmentStore& store_;
  const ObjectFiles& files_;
  const SignedLinks& links_;
  const ObjectSpace& space_;
  const Peers peers_;
};

}  // namespace chat::media
