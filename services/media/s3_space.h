// Objects in an S3 bucket: clients reach them by presigned URLs (SigV4, path style), we look at
// them by HEAD and remove them by DELETE, likewise presigned. Their keys are <prefix><name>.
#pragma once

#include "services/media/local_space.h"
#include "services/media/object_space.h"
#include "services/media/sigv4.h"

namespace chat::media {

struct S3Bucket {
  std::string endpoint;
  std::string bucket;
  std::string prefix;
  SigningKey key;
};

class S3Space : public ObjectSpace {
 public:
  S3Space(S3Bucket bucket, LinkLife life) : bucket_(std::move(bucket)), life_(life) {}

  bool remote() const override { return true; }
  std::string PutLink(const Attachment& attachment) const override;
  // A download with the object's file name, as the local links are.
  std::string GetLink(const Attachment& attachment) const override;
  absl::StatusOr<std::optional<Facts>> Stat(const Attachment& attachment) const override;
  bool Names(std::string_view url, const Attachment& attachment) const override;

  // OK also when there is none.
  absl::Status Erase(const std::string& name) const;

 private:
  SignedTarget Target(const std::string& name) const;
  std::string Link(const std::string& method, SignedTarget target, int64_t life_s) const;

  const S3Bucket bucket_;
  const LinkLife life_;
};

}  // namespace chat::media
