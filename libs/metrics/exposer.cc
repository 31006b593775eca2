#include <arpa/inet.h>
#include <prometheus/exposer.h>

#include <charconv>
#include <exception>
#include <string_view>

#include "libs/metrics/metrics.h"
#include "libs/metrics/observed.h"
#include "libs/metrics/process_figures.h"
#include "libs/metrics/shared_registry.h"

namespace chat::metrics {
namespace {

bool IsAddress(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

// civetweb takes an address or nothing for the host, and listens everywhere for nothing. So the
// host must be an address; "" when `listen` is not host:port.
std::string Checked(const std::string& listen) {
  size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return "";
  std::string host = listen.substr(0, colon);
  std::string_view digits = std::string_view(listen).substr(colon + 1);
  int port = -1;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port < 0 || port > 65535) {
    return "";
  }
  if (host == "localhost") host = "127.0.0.1";
  bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (!IsAddress(bracketed ? host.substr(1, host.size() - 2) : host)) return "";
  return host + ":" + std::to_string(port);
}

}  // namespace

struct Exposer::Impl {
  std::shared_ptr<ProcessFigures> figures = std::make_shared<ProcessFigures>();
  std::unique_ptr<prometheus::Exposer> exposer;
  int port = 0;
};

Exposer::Exposer(const std::string& listen) : impl_(std::make_unique<Impl>()) {
  Gauge("chat_build_info", "Always 1; the labels say what runs.", {{"version", CHAT_VERSION}})
      .Set(1);
  std::string checked = Checked(listen);
  if (checked.empty()) return;
  try {
    auto exposer = std::make_unique<prometheus::Exposer>(checked);
    exposer->RegisterCollectable(SharedRegistry());
    exposer->RegisterCollectable(impl_->figures);
    exposer->RegisterCollectable(AllObserved());
    impl_->port = exposer->GetListeningPorts().at(0);
    impl_->exposer = std::move(exposer);
  } catch (const std::exception&) {  // the address is taken or not ours: ok() says so
  }
}

Exposer::~Exposer() = default;

bool Exposer::ok() const { return impl_->exposer != nullptr; }
int Exposer::port() const { return impl_->port; }

}  // namespace chat::metrics
