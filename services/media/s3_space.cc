#include "services/media/s3_space.h"

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "services/media/digests.h"
#include "services/media/http_client.h"
#include "services/media/http_head.h"

namespace chat::media {
namespace {

constexpr int64_t kOwnLifeS = 60;  // of links that we use ourselves

absl::Status Unexpected(const char* what, int status) {
  return absl::UnavailableError(
      View(std::string("S3 answers ") + what + " with " + std::to_string(status)));
}

}  // namespace

SignedTarget S3Space::Target(const std::string& name) const {
  return {bucket_.endpoint, "/" + bucket_.bucket + "/" + bucket_.prefix + name, {}};
}

std::string S3Space::Link(const std::string& method, SignedTarget target, int64_t life_s) const {
  return Presign(bucket_.key, method, std::move(target), Clock::System().UnixMs() / 1000, life_s);
}

std::string S3Space::PutLink(const Attachment& attachment) const {
  return Link("PUT", Target(attachment.name), life_.put_s);
}

std::string S3Space::GetLink(const Attachment& attachment) const {
  SignedTarget target = Target(attachment.name);
  target.query.emplace_back("response-content-disposition",
                            ContentDisposition(attachment.filename));
  return Link("GET", std::move(target), life_.get_s);
}

absl::StatusOr<std::optional<ObjectSpace::Facts>> S3Space::Stat(
    const Attachment& attachment) const {
  CHAT_ASSIGN_OR_RETURN(
      HttpResult head,
      Perform({.method = "HEAD", .url = Link("HEAD", Target(attachment.name), kOwnLifeS)}));
  if (head.status == 404) return std::optional<Facts>();
  if (head.status != 200) return Unexpected("HEAD", head.status);
  if (head.content_type.empty()) head.content_type = "application/octet-stream";
  return std::optional(Facts{head.length, head.content_type});
}

bool S3Space::Names(std::string_view url, const Attachment& attachment) const {
  const SignedTarget target = Target(attachment.name);
  return url.substr(0, url.find('?')) == target.origin + PercentEncode(target.path, true);
}

absl::Status S3Space::Erase(const std::string& name) const {
  CHAT_ASSIGN_OR_RETURN(
      HttpResult result,
      Perform({.method = "DELETE", .url = Link("DELETE", Target(name), kOwnLifeS)}));
  if (result.status == 204 || result.status == 200 || result.status == 404) {
    return absl::OkStatus();
  }
  return Unexpected("DELETE", result.status);
}

}  // namespace chat::media
