#include "services/media/signed_links.h"

#include <charconv>

#include "services/media/digests.h"
#include "services/media/http_head.h"
#include "services/media/transfer_rules.h"

namespace chat::media {

SignedLinks::SignedLinks(std::string base, std::string secret)
    : secret_(std::move(secret)), base_(std::move(base)) {}

void SignedLinks::SetBase(std::string base) {
  std::lock_guard lock(mutex_);
  base_ = std::move(base);
}

std::string SignedLinks::Make(Right right, const std::string& name, int64_t expires_s) const {
  const std::string expires = std::to_string(expires_s);
  const std::string path =
      "/file/" + name + "?expires=" + expires + "&signature=" + Sign(right, name, expires);
  std::lock_guard lock(mutex_);
  return base_ + path;
}

bool SignedLinks::Allows(Right right, const std::string& name, std::string_view query,
                         int64_t now_s) const {
  const std::string_view expires = QueryValue(query, "expires");
  int64_t until = 0;
  auto [end, error] = std::from_chars(expires.data(), expires.data() + expires.size(), until);
  if (expires.empty() || error != std::errc() || end != expires.data() + expires.size()) {
    return false;
  }
  return SameSecret(QueryValue(query, "signature"), Sign(right, name, expires)) && now_s < until;
}

std::optional<std::string> SignedLinks::IdOf(std::string_view url) const {
  {
    std::lock_guard lock(mutex_);
    if (!base_.empty() && url.substr(0, base_.size()) == base_) url.remove_prefix(base_.size());
  }
  return FileId(url);
}

std::string SignedLinks::Sign(Right right, const std::string& name,
                              std::string_view expires) const {
  const std::string text = std::string(right == Right::kRead ? "GET" : "PUT") + "\n" + name + "\n" +
                           std::string(expires);
  return Hex(HmacSha256(secret_, text));
}

std::string_view QueryValue(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return pair.substr(equals + 1);
    }
  }
  return {};
}

}  // namespace chat::media
