// Links that carry their own right to one object until they expire:
// <base>/file/<name>?expires=<Unix s>&signature=<hex of HMAC-SHA256>. The right is part of what is
// signed, so that a link to read never writes. Thread safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace chat::media {

class SignedLinks {
 public:
  enum class Right { kRead, kWrite };

  // `secret` is shared by all replicas. `base` is where clients reach the listener, without a slash
  // at the end; it may be set later, where the port is not known before.
  SignedLinks(std::string base, std::string secret);
  void SetBase(std::string base);

  std::string Make(Right right, const std::string& name, int64_t expires_s) const;
  // Whether the query of a request for /file/<name> gives the right at `now_s`.
  bool Allows(Right right, const std::string& name, std::string_view query, int64_t now_s) const;
  // The <id> of `<base>/file/<id>` or of `/file/<id>`, signed or not; nullopt for any other text.
  std::optional<std::string> IdOf(std::string_view url) const;

 private:
  std::string Sign(Right right, const std::string& name, std::string_view expires) const;

  const std::string secret_;
  mutable std::mutex mutex_;
  std::string base_;
};

// The value of a query parameter, empty without. Not decoded.
std::string_view QueryValue(std::string_view query, std::string_view name);

}  // namespace chat::media
