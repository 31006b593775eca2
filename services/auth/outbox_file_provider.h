// The provider of a local cluster: appends one JSON line {"time","kind","to","code","text"} to
// <folder>/sms.jsonl, voice.jsonl or email.jsonl. A line is one write to a file opened for
// appending, so several replicas may share a folder. Files are made with mode 600.
#pragma once

#include <string>

#include "libs/base/clock.h"
#include "services/auth/code_provider.h"

namespace chat::auth {

class OutboxFileProvider : public CodeProvider {
 public:
  OutboxFileProvider(std::string folder, const Clock& clock)
      : folder_(std::move(folder)), clock_(clock) {}

  // kInvalidArgument unless the folder is there and may be written to; for start-up.
  absl::Status Check() const;

  absl::Status Send(Kind kind, std::string_view to, std::string_view code,
                    std::string_view text) override;

 private:
  const std::string folder_;
  const Clock& clock_;
};

}  // namespace chat::auth
