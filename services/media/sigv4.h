// AWS Signature Version 4: presigned URLs and signed headers. Pure: the time comes in.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace chat::media {

struct SigningKey {
  std::string access_key;
  std::string secret_key;
  std::string region;
  std::string service;  // s3, sts
};

// A URL's parts: `origin` is http(s)://host[:port], `path` begins with a slash and is not encoded.
struct SignedTarget {
  std::string origin;
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;  // not encoded
};

// For `method` and nothing else, from `now_s` for `life_s`; the body is not signed.
std::string Presign(const SigningKey& key, const std::string& method, SignedTarget target,
                    int64_t now_s, int64_t life_s);

// Header lines (`name: value`) for a POST of `body` of this content type to the target.
std::vector<std::string> SignPost(const SigningKey& key, const SignedTarget& target,
                                  const std::string& content_type, const std::string& body,
                                  int64_t now_s);

}  // namespace chat::media
