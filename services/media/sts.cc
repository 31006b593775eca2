#include "services/media/sts.h"

#include <algorithm>
#include <ctime>

#include "libs/base/status.h"
#include "services/media/digests.h"
#include "services/media/http_client.h"

namespace chat::media {
namespace {

constexpr int64_t kMarginMs = 5 * 60'000;
constexpr char kForm[] = "application/x-www-form-urlencoded; charset=utf-8";

// What stands in the first element of this name.
std::string Inner(const std::string& xml, const std::string& name) {
  const size_t begin = xml.find("<" + name + ">");
  if (begin == std::string::npos) return "";
  const size_t text = begin + name.size() + 2;
  const size_t end = xml.find("</" + name + ">", text);
  if (end == std::string::npos) return "";
  return xml.substr(text, end - text);
}

// Likewise, as text: entities of XML replaced.
std::string Element(const std::string& xml, const std::string& name) {
  std::string value = Inner(xml, name);
  const std::pair<const char*, const char*> entities[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}};
  for (const auto& [entity, character] : entities) {
    const std::string what = entity;
    for (size_t at = 0; (at = value.find(what, at)) != std::string::npos; ++at) {
      value.replace(at, what.size(), character);
    }
  }
  return value;
}

// 2011-07-11T19:55:29Z or with a fraction.
std::optional<int64_t> UnixMs(const std::string& text) {
  std::tm utc{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (rest == nullptr) return std::nullopt;
  const std::string_view zone = rest;
  if (zone.empty() || zone.back() != 'Z' ||
      zone.find_first_not_of(".0123456789Z") != std::string_view::npos) {
    return std::nullopt;
  }
  return static_cast<int64_t>(timegm(&utc)) * 1000;
}

}  // namespace

absl::StatusOr<TemporaryCredentials> ParseAssumeRole(const std::string& xml) {
  const std::string credentials = Inner(xml, "Credentials");
  TemporaryCredentials out{Element(credentials, "AccessKeyId"),
                           Element(credentials, "SecretAccessKey"),
                           Element(credentials, "SessionToken"), 0};
  const std::optional<int64_t> expires = UnixMs(Element(credentials, "Expiration"));
  if (out.access_key.empty() || out.secret_key.empty() || out.session_token.empty() || !expires) {
    return absl::InvalidArgumentError("no credentials in the answer of STS");
  }
  out.expires_ms = *expires;
  return out;
}

std::optional<TemporaryCredentials> Sts::Kept(AccountId account, int64_t now_ms) {
  std::lock_guard lock(mutex_);
  auto found = kept_.find(account.value);
  if (found == kept_.end()) return std::nullopt;
  if (found->second.expires_ms > now_ms + kMarginMs) return found->second;
  kept_.erase(found);
  return std::nullopt;
}

std::string Sts::Body(AccountId account) const {
  std::string body = "Action=AssumeRole&Version=2011-06-15&RoleArn=" + PercentEncode(role_.arn) +
                     "&RoleSessionName=chat-" + std::to_string(account.value) +
                     "&DurationSeconds=" + std::to_string(role_.life_s);
  if (role_.bucket.empty()) return body;
  const std::string policy =
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject",)"
      R"("s3:PutObject"],"Resource":"arn:aws:s3:::)" +
      role_.bucket + "/" + role_.prefix + "users/" + std::to_string(account.value) + R"(/*"}]})";
  return body + "&Policy=" + PercentEncode(policy);
}

absl::StatusOr<TemporaryCredentials> Sts::Assume(AccountId account, int64_t now_ms,
                                                 std::chrono::milliseconds timeout) {
  const std::string body = Body(account);
  CHAT_ASSIGN_OR_RETURN(HttpResult result,
                        Perform({.method = "POST",
                                 .url = role_.endpoint + "/",
                                 .headers = SignPost(role_.key, {role_.endpoint, "/", {}}, kForm,
                                                     body, now_ms / 1000),
                                 .body = body,
                                 .timeout = timeout}));
  if (result.status != 200) {
    return absl::UnavailableError(View("STS answers with " + std::to_string(result.status) + " " +
                                       Element(result.body, "Code")));
  }
  CHAT_ASSIGN_OR_RETURN(TemporaryCredentials credentials, ParseAssumeRole(result.body));
  std::lock_guard lock(mutex_);
  if (kept_.size() >= kMaxKept) kept_.clear();
  kept_[account.value] = credentials;
  return credentials;
}

}  // namespace chat::media
