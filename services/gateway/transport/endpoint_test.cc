#include "services/gateway/transport/endpoint.h"

#include <gtest/gtest.h>

#include "libs/base/status.h"

namespace chat::gateway {
namespace {

TEST(EndpointTest, OnlyWhatHasAnAddressIsListenedOn) {
  GatewayConfig config;
  ASSERT_EQ(Endpoints(config).size(), 1u);
  EXPECT_EQ(Endpoints(config)[0].key, "mqtt_listen");
  config.mqtt_listen = "";
  config.ws_listen = "127.0.0.1:8083";
  config.n2o_listen = "127.0.0.1:8000";
  config.proxy_protocol = {"n2o"};
  const std::vector<Endpoint> endpoints = Endpoints(config);
  ASSERT_EQ(endpoints.size(), 2u);
  EXPECT_EQ(endpoints[0].transport, Transport::kWs);
  EXPECT_FALSE(endpoints[0].proxied);
  EXPECT_EQ(endpoints[1].transport, Transport::kN2o);
  EXPECT_TRUE(endpoints[1].proxied);
}

TEST(EndpointTest, TlsWithoutCertificateOrKeyNamesTheMissingKey) {
  GatewayConfig config;
  EXPECT_TRUE(CheckEndpoints(config).ok());
  config.wss_listen = "127.0.0.1:8084";
  EXPECT_EQ(Message(CheckEndpoints(config)), "key 'tls_cert': wss_listen needs it");
  config.tls_cert = "cert.pem";
  EXPECT_EQ(Message(CheckEndpoints(config)), "key 'tls_key': wss_listen needs it");
  config.tls_key = "key.pem";
  EXPECT_TRUE(CheckEndpoints(config).ok());
}

TEST(EndpointTest, WhatMakesNoSenseIsRefused) {
  GatewayConfig config;
  config.proxy_protocol = {"tcp", "udp"};
  EXPECT_FALSE(CheckEndpoints(config).ok());
  config.proxy_protocol = {};
  config.tls_client_required = true;
  EXPECT_FALSE(CheckEndpoints(config).ok());
}

}  // namespace
}  // namespace chat::gateway
