#include "services/media/local_space.h"

#include "libs/base/clock.h"

namespace chat::media {
namespace {

int64_t NowS() { return Clock::System().UnixMs() / 1000; }

}  // namespace

std::string LocalSpace::PutLink(const Attachment& attachment) const {
  return links_.Make(SignedLinks::Right::kWrite, attachment.name, NowS() + life_.put_s);
}

std::string LocalSpace::GetLink(const Attachment& attachment) const {
  return links_.Make(SignedLinks::Right::kRead, attachment.name, NowS() + life_.get_s);
}

absl::StatusOr<std::optional<ObjectSpace::Facts>> LocalSpace::Stat(
    const Attachment& attachment) const {
  if (!attachment.present) return std::optional<Facts>();
  return std::optional(Facts{attachment.size, attachment.content_type});
}

bool LocalSpace::Names(std::string_view url, const Attachment& attachment) const {
  return links_.IdOf(url) == attachment.name;
}

}  // namespace chat::media
