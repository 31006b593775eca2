// The carrier of a local cluster: appends one JSON line {"time","kind","to","code","text"} to
// <folder>/sms.jsonl, voice.jsonl or email.jsonl. A line is one write to a file opened for
// appending, so several replicas may share a folder. Files are made with mode 600.
#pragma once

#include <string>

#include "libs/base/clock.h"
#include "libs/courier/carrier.h"

namespace chat::courier {

class OutboxFile final : public Carrier {
 public:
  OutboxFile(std::string folder, const Clock& clock) : folder_(std::move(folder)), clock_(clock) {}

  // kInvalidArgument unless the folder is there and may be written to; for start-up.
  absl::Status Check() const;

  absl::Status Carry(const Letter& letter) override;

 private:
  const std::string folder_;
  const Clock& clock_;
};

}  // namespace chat::courier
