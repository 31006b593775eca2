#include "services/cli/metrics_page.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "libs/base/status.h"

namespace chat::cli {

namespace {

using Deadline = std::chrono::steady_clock::time_point;

constexpr size_t kLargestPage = 16 << 20;

// `name="value",…}` up to the brace; false when it is not that.
bool ParseLabels(std::string_view* text, Labels* labels) {
  while (!text->empty() && text->front() != '}') {
    const size_t equals = text->find("=\"");
    if (equals == std::string_view::npos) return false;
    std::string name(text->substr(0, equals));
    text->remove_prefix(equals + 2);
    std::string value;
    while (!text->empty() && text->front() != '"') {
      if (text->front() == '\\' && text->size() > 1) {
        text->remove_prefix(1);
        value += text->front() == 'n' ? '\n' : text->front();
      } else {
        value += text->front();
      }
      text->remove_prefix(1);
    }
    if (text->empty()) return false;
    text->remove_prefix(1);
    if (!text->empty() && text->front() == ',') text->remove_prefix(1);
    (*labels)[std::move(name)] = std::move(value);
  }
  if (text->empty()) return false;
  text->remove_prefix(1);
  return true;
}

bool ParseLine(std::string_view line, Sample* sample) {
  const size_t end = line.find_first_of("{ ");
  if (end == std::string_view::npos || end == 0) return false;
  sample->name = line.substr(0, end);
  line.remove_prefix(end);
  if (line.front() == '{') {
    line.remove_prefix(1);
    if (!ParseLabels(&line, &sample->labels)) return false;
  }
  const std::string number(line);
  char* stop = nullptr;
  sample->value = std::strtod(number.c_str(), &stop);
  return stop != number.c_str();
}

// Whether the socket is ready before the deadline.
bool Await(int socket, short events, Deadline deadline) {
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  pollfd watched{socket, events, 0};
  return left.count() > 0 && ::poll(&watched, 1, static_cast<int>(left.count())) == 1;
}

// A connected socket, or -1.
int Connect(const client::Address& address, Deadline deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found) != 0) return -1;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  for (const addrinfo* it = found; it != nullptr; it = it->ai_next) {
    const int socket = ::socket(it->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket < 0) continue;
    int error = ::connect(socket, it->ai_addr, it->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS && Await(socket, POLLOUT, deadline)) {
      socklen_t size = sizeof error;
      ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0) return socket;
    ::close(socket);
  }
  return -1;
}

// All that the peer says until it closes; empty when it takes too long or says too much.
std::string Converse(int socket, std::string_view request, Deadline deadline) {
  if (::send(socket, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return "";
  }
  std::string answer;
  char buffer[16384];
  while (answer.size() < kLargestPage && Await(socket, POLLIN, deadline)) {
    const ssize_t count = ::recv(socket, buffer, sizeof buffer, 0);
    if (count == 0) return answer;
    if (count < 0) break;
    answer.append(buffer, static_cast<size_t>(count));
  }
  return "";
}

}  // namespace

MetricsPage::MetricsPage(std::string_view text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    Sample sample;
    if (!line.empty() && line.front() != '#' && ParseLine(line, &sample)) {
      samples_.push_back(std::move(sample));
    }
  }
}

double MetricsPage::Sum(std::string_view name,
                        const std::function<bool(const Labels&)>& chosen) const {
  double sum = 0;
  for (const Sample& sample : samples_) {
    if (sample.name == name && (!chosen || chosen(sample.labels))) sum += sample.value;
  }
  return sum;
}

bool MetricsPage::Has(std::string_view name) const {
  for (const Sample& sample : samples_) {
    if (sample.name == name) return true;
  }
  return false;
}

absl::StatusOr<MetricsPage> FetchMetrics(const client::Address& address,
                                         std::chrono::milliseconds limit) {
  const Deadline deadline = std::chrono::steady_clock::now() + limit;
  const std::string where = address.host + ":" + address.port;
  const int socket = Connect(address, deadline);
  if (socket < 0) return absl::UnavailableError(View(where + ": no connection"));
  const std::string answer =
      Converse(socket, "GET /metrics HTTP/1.0\r\nHost: " + where + "\r\n\r\n", deadline);
  ::close(socket);
  const size_t body = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.") || answer.substr(8, 5) != " 200 " ||
      body == std::string::npos) {
    return absl::UnavailableError(View(where + ": no metrics"));
  }
  return MetricsPage(std::string_view(answer).substr(body + 4));
}

}  // namespace chat::cli
