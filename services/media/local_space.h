// Objects in the local folder, behind our own listener's signed links.
#pragma once

#include "services/media/object_space.h"
#include "services/media/signed_links.h"

namespace chat::media {

struct LinkLife {
  int64_t put_s = 3600;
  int64_t get_s = 86'400;
};

class LocalSpace : public ObjectSpace {
 public:
  // `links` outlives it.
  LocalSpace(const SignedLinks& links, LinkLife life) : links_(links), life_(life) {}

  bool remote() const override { return false; }
  std::string PutLink(const Attachment& attachment) const override;
  std::string GetLink(const Attachment& attachment) const override;
  absl::StatusOr<std::optional<Facts>> Stat(const Attachment& attachment) const override;
  bool Names(std::string_view url, const Attachment& attachment) const override;

 private:
  const SignedLinks& links_;
  const LinkLife life_;
};

}  // namespace chat::media
