// Who may read which object: its uploader (PROTOCOL O16), by the token of a live session.
#pragma once

#include "chat/v1/auth.grpc.pb.h"
#include "services/media/download_source.h"
#include "services/media/object_store.h"

namespace chat::media {

class Downloads : public DownloadSource {
 public:
  // All outlive it.
  Downloads(ObjectStore& store, const ObjectFiles& files, v1::AuthInternal::StubInterface& auth)
      : store_(store), files_(files), auth_(auth) {}

  absl::StatusOr<Download> Find(const std::string& token, const std::string& id) override;

 private:
  ObjectStore& store_;
  const ObjectFiles& files_;
  v1::AuthInternal::StubInterface& auth_;
};

}  // namespace chat::media
