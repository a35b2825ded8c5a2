// What the headers say does not allocate must not: counted, with this program's operator new.
#include "http/core/body/chunked.hpp"
#include "http/core/body/multipart.hpp"
#include "http/core/body/sse.hpp"
#include "http/core/body/wav_header.hpp"
#include "http/core/head/head_writer.hpp"
#include "http/core/json/json_body.hpp"
#include "http/core/local_reply.hpp"
#include "http/core/request/client_address.hpp"
#include "http/core/request/host_name.hpp"
#include "http/core/request/request_id.hpp"
#include "http/core/request/request_origin.hpp"
#include "http/dialects/openai/chat_stream.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

namespace {
thread_local std::size_t allocations = 0;

void* counted(std::size_t size) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}

void* counted_or_throw(std::size_t size) {
  if (void* p = counted(size))
    return p;
  throw std::bad_alloc();
}
} // namespace

// Every form the delete below may be handed memory of: a sanitizer insists that they match.
void* operator new(std::size_t size) {
  return counted_or_throw(size);
}
void* operator new[](std::size_t size) {
  return counted_or_throw(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return counted(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return counted(size);
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete[](void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, std::size_t) noexcept {
  std::free(p);
}

namespace synapse::http {
namespace {

/// Allocations of the second of two runs: the first may set up what is kept.
template <class Work>
std::size_t allocations_of(Work work) {
  work();
  const std::size_t before = allocations;
  work();
  return allocations - before;
}

TEST(allocations, are_counted) {
  static int* volatile made = nullptr; // or the pair could be optimised away
  EXPECT_EQ(allocations_of([] {
              made = new int(1);
              delete made;
            }),
            1u);
}

TEST(allocations, none_for_heads) {
  const std::string_view request =
      "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway.example\r\nContent-Length: 300\r\n"
      "Connection: keep-alive, x-a\r\nX-A: b\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n";
  const std::string_view response =
      "HTTP/1.1 200 OK\r\nServer: x\r\nTransfer-Encoding: chunked\r\nKeep-Alive: 5\r\n\r\n";
  std::string out;
  EXPECT_EQ(allocations_of([&] {
              request_head head;
              std::size_t scanned = 0;
              ASSERT_TRUE(parse_request(request.data(), request.size(), scanned, {}, head).ok());
              upstream_head_options options;
              options.authority = "llama-router:8082";
              options.client_ip = "192.0.2.1";
              options.request_id = "req-1";
              write_upstream_request_head(out, head, options);
            }),
            0u);
  EXPECT_EQ(allocations_of([&] {
              response_head head;
              std::size_t scanned = 0;
              ASSERT_TRUE(parse_response(response.data(), response.size(), scanned, {}, head).ok());
              downstream_head_options options;
              options.framing = body_framing::chunked;
              options.request_id = "req-1";
              write_downstream_response_head(out, head, options);
            }),
            0u);
}

TEST(allocations, none_for_who_asks_and_under_which_name) {
  const std::string_view request =
      "POST / HTTP/1.1\r\nHost: gateway.localhost:8000\r\nOrigin: "
      "https://gateway.localhost:8000\r\n"
      "X-Forwarded-For: 192.0.2.7, 10.0.0.1\r\nX-Forwarded-Host: a, gateway.localhost:8000\r\n\r\n";
  const auto trusted = config::networks_of(std::vector<std::string>{"10.0.0.0/8"});
  request_head head;
  std::size_t scanned = 0;
  ASSERT_TRUE(parse_request(request.data(), request.size(), scanned, {}, head).ok());
  EXPECT_EQ(allocations_of([&] {
              arrival how;
              how.trusted = true;
              EXPECT_EQ(initiator_of(head, how), initiator::own);
              EXPECT_TRUE(is_loopback_host(head.host));
              EXPECT_TRUE(client_address(head, peer_address("10.0.0.2"), trusted).is_v4());
            }),
            0u);
}

TEST(allocations, none_for_request_ids) {
  EXPECT_EQ(allocations_of([] {
              ASSERT_FALSE(request_id::make().empty());
              ASSERT_FALSE(request_id::keep_or_make("an-id").empty());
            }),
            0u);
}

TEST(allocations, none_for_streams) {
  std::string text;
  const auto add = [&](const std::string& choice) {
    append_data_event(text, "{\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0," + choice + "}]}");
  };
  add(R"("delta":{"role":"assistant","content":null},"finish_reason":null)");
  for (int i = 0; i < 20; ++i)
    add(R"("delta":{"content":"word"},"finish_reason":null)");
  add(R"("delta":{},"finish_reason":"stop")");
  text += sse_keepalive;
  text += sse_done;
  EXPECT_EQ(allocations_of([&] {
              sse_scanner scanner(1 << 20);
              chat_stream_watch watch;
              sse_event event;
              std::string_view rest = text;
              while (scanner.next(rest.data(), rest.size(), event) == sse_status::event) {
                watch.on_event(event);
                rest.remove_prefix(event.size);
              }
              ASSERT_EQ(watch.at_end(), chat_end::complete);
            }),
            0u);
}

TEST(allocations, none_for_chunks) {
  const std::string_view wire = "5;x=y\r\nhello\r\n0\r\nTrailer: z\r\n\r\n";
  EXPECT_EQ(allocations_of([&] {
              chunk_decoder decoder;
              ASSERT_EQ(decoder.feed(wire.data(), wire.size()), wire.size());
              ASSERT_TRUE(decoder.done());
            }),
            0u);
}

TEST(allocations, only_a_long_model_name_for_a_body) {
  EXPECT_EQ(allocations_of([] {
              ASSERT_TRUE(inspect_json(R"({"model":"short","stream":true,"messages":[{}]})").ok());
            }),
            0u);
  EXPECT_EQ(allocations_of([] {
              ASSERT_TRUE(inspect_json(R"({"model":"Qwen2.5-Coder-7B-Instruct-Q4_K_M"})").ok());
            }),
            1u);
}

/// A form with this many parts, all with the same long names.
std::string form_with(int parts, std::size_t data) {
  std::string body;
  for (int i = 0; i < parts; ++i)
    body += "--bound\r\nContent-Disposition: form-data; name=\"a name that is allocated\"; "
            "filename=\"and a longer filename than fits\"\r\n"
            "Content-Type: application/octet-stream\r\nX-Other: y\r\n\r\n" +
            std::string(data, '\r') + "\r\n";
  return body + "--bound--\r\n";
}

TEST(allocations, as_many_for_a_long_form_as_for_a_short_one) {
  const auto of_form = [](const std::string& body) {
    return allocations_of([&] {
      multipart_reader reader("bound");
      using event = multipart_reader::event;
      std::string_view rest = body;
      for (event e = event::part_begin; e != event::need_more;) {
        const multipart_reader::step s = reader.next(rest.data(), rest.size());
        rest.remove_prefix(s.consumed);
        e = s.what;
        ASSERT_NE(e, event::error);
      }
      ASSERT_EQ(reader.finish(), multipart_error::none);
    });
  };
  const std::size_t one = of_form(form_with(1, 1));
  EXPECT_GE(one, 3u); // name, filename, type
  EXPECT_LE(one, 6u); // a string that grows by the byte does so twice
  EXPECT_EQ(of_form(form_with(60, 1)), one);
  EXPECT_EQ(of_form(form_with(3, 1'000'000)), one);
}

TEST(allocations, none_for_a_wav_header) {
  using namespace std::string_view_literals;
  EXPECT_EQ(allocations_of([] {
              wav_info info;
              std::string problem;
              ASSERT_EQ(parse_wav_header("RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80>\0\0\0}\0\0"
                                         "\2\0\x10\0data\4\0\0\0abcd"sv,
                                         wav_size_unknown, info, problem),
                        wav_status::ok);
            }),
            0u);
}

} // namespace
} // namespace synapse::http
