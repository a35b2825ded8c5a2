// Drives the fuzzing entry points with mutated samples for a bounded number of rounds. A broken
// promise ends the program, so each of these tests fails by dying; the input is printed before.
#include "tests/fuzz/fuzz_targets.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <unistd.h>

namespace synapse::http {
namespace {

using target = int (*)(const std::uint8_t*, std::size_t);

std::string current; // what is being tried, for the handler below

extern "C" void show_input(int) {
  // Only what is allowed in a signal handler: the program is about to die.
  static_cast<void>(!write(STDERR_FILENO, "\ninput:\n", 8));
  static_cast<void>(!write(STDERR_FILENO, current.data(), current.size()));
  std::signal(SIGABRT, SIG_DFL);
}

void drive(target run, const std::vector<std::string>& samples, int rounds, std::uint64_t seed) {
  const auto before = std::signal(SIGABRT, show_input);
  test::dice random(seed);
  const auto feed = [&](const std::string& text) {
    current = text;
    run(reinterpret_cast<const std::uint8_t*>(current.data()), current.size());
  };
  feed("");
  for (const std::string& s : samples)
    feed(s);
  std::string text;
  for (int i = 0; i < rounds; ++i) {
    // Mutations pile up for a while, then a fresh sample, sometimes two in one.
    if (i % 8 == 0 || text.size() > 4096)
      text = random.pick(samples) + (random.one_in(4) ? random.pick(samples) : "");
    test::mutate(text, random);
    feed(text);
  }
  std::signal(SIGABRT, before);
}

TEST(fuzz, anthropic) {
  drive(
      fuzz::try_anthropic,
      {R"({"model":"m","max_tokens":9,"system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":"a"},)"
       R"({"role":"assistant","content":[{"type":"thinking","thinking":"h"},{"type":"tool_use","id":"t","name":"f","input":{"a":1}}]},)"
       R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"x"},)"
       R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"QUJD"}}],"is_error":true}]}],)"
       R"("tools":[{"name":"f","input_schema":{}}],"tool_choice":{"type":"tool","name":"f"},"thinking":{"type":"enabled"}})",
       R"({"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},)"
       R"({"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}]},{"role":"assistant","content":null,)"
       R"("tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},)"
       R"({"role":"tool","tool_call_id":"t","content":"x"}],"reasoning_effort":"low","stop":["a"],"max_tokens":9})",
       R"({"choices":[{"index":0,"message":{"content":"a","tool_calls":[{"id":"t","function":{"name":"f","arguments":"{}"}}]},)"
       R"("finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":2}})",
       R"({"content":[{"type":"text","text":"a"},{"type":"tool_use","id":"t","name":"f","input":{}}],"stop_reason":"tool_use",)"
       R"("usage":{"input_tokens":1,"output_tokens":2}})",
       "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n: c\n\n"
       "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"t\","
       "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}}]}\n\n"
       "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
       "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n"
       "data: "
       "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\","
       "\"name\":\"f\"}}\n\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":"
       "\"input_json_delta\",\"partial_json\":\"{}\"}}\n\ndata: {\"type\":\"ping\"}\n\n"
       "data: "
       "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}\n\n"
       "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n"
       "data: {\"type\":\"message_stop\"}\n\n",
       R"({"error":{"message":"m"}})"},
      20'000, 16);
}

TEST(fuzz, request_head) {
  drive(fuzz::try_request_head,
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
         "POST /v1/chat/completions?a=b HTTP/1.1\r\nHost: gateway.example:8000\r\n"
         "User-Agent: x\r\nAuthorization: Bearer y\r\nContent-Type: application/json\r\n"
         "Content-Length: 300\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\n"
         "X-Forwarded-For: 1.2.3.4\r\nX-Request-Id: abc\r\n\r\n{\"a\":1}",
         "GET /x?y=1&token=y HTTP/1.1\r\nHost: a\r\nCookie: a=1; own=2; b=\"y\";own = z\r\n"
         "X-Api-Key: y\r\nApi-Key: t z\r\nCookie: own\r\nX-Auth-Token: q\r\n\r\n",
         "\r\nPUT http://[::1]:80/x?y HTTP/1.0\r\nhost: b\r\nTransfer-Encoding: chunked\r\n\r\n",
         "OPTIONS * HTTP/1.1\r\nHost:\r\nExpect: 100-continue\r\nTE: trailers\r\n"
         "Upgrade: x\r\nConnection: upgrade\r\n\r\n",
         "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nProxy-Authorization: z\r\n\r\n"},
        100'000, 11);
}

TEST(fuzz, path_form) {
  drive(fuzz::try_path_form,
        {"/v1/chat/completions", "/pub/../../admin?x=/../y", "/pub/%2e%2E/..%2f;a/.%2e;b=c//./",
         "/a%00%5c%c0%af%e0%80%af%f0%80%80%af\\", "//a/%7Euser/%41%2f%zz%2%65/..;/.;x/;/b?"},
        150'000, 19);
}

TEST(fuzz, response_head) {
  drive(fuzz::try_response_head,
        {"HTTP/1.1 200 OK\r\nServer: llama.cpp\r\nContent-Type: application/json\r\n"
         "Content-Length: 12\r\nKeep-Alive: timeout=5, max=100\r\n\r\n",
         "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\nCache-Control: no-cache\r\n\r\n",
         "HTTP/1.0 503 \r\nConnection: close, x-a\r\nX-A: b\r\nRetry-After: 3\r\nDate: x\r\n\r\n"},
        100'000, 12);
}

TEST(fuzz, chunked_body) {
  drive(fuzz::try_chunked_body,
        {"5\r\nhello\r\n0\r\n\r\n", "a;x=\"y\"\r\n0123456789\r\n1 ;z\r\n!\r\n0\r\nA: b\r\n\r\nGET",
         "7fffffffffffffff\r\nabc", "000\r\n\r\n"},
        150'000, 13);
}

TEST(fuzz, event_stream) {
  drive(fuzz::try_event_stream,
        {"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}]}"
         "\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
         "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\n"
         "data: [DONE]\n\n",
         "\xEF\xBB\xBF: ping\r\n\r\nevent: error\r\ndata: {\"error\":{\"message\":\"x\","
         "\"code\":500}}\r\n\r\n",
         "data: a\rdata: b\r\rid: 1\nretry: 2\n\nproxy error: Failed to read connection"},
        40'000, 14);
}

TEST(fuzz, json_body) {
  drive(fuzz::try_json_body,
        {R"({"model":"a","messages":[{"role":"user","content":"Hi \u00e4 \ud83d\ude00 ü"}],)"
         R"("stream":true,"stream_options":{"include_usage":true},"seed":12345678901234567890123})",
         R"([1,-2.5e3,{"a":[[[[]]]]},"\\\"",null,false])", "{}", "\xEF\xBB\xBF{\"a\":\"\xff\"}"},
        60'000, 15);
}

TEST(fuzz, chat_edit) {
  drive(
      fuzz::try_chat_edit,
      {R"({"model":"a","synapse":{"wait":true},"messages":[{"role":"system","content":"x\nReas"},)"
       R"({"role":"user","content":"Hi \u00e4 \ud83d\ude00"},{"role":"user","content":[)"
       R"({"type":"text","text":"b"},{"type":"image_url","image_url":{"url":"x"}}]}]})",
       R"( {"synapse" : 1 ,"mod\u0065l":null, "temperature":null,"messages" : [ ] , "synapse":[]})",
       R"({"prompt":["a",[1,2],"\"\\"],"model":"b","model":[{}],"max_tokens":1e1})",
       R"({"messages":[{"content":[ ],"role":"developer"},{"role":"user"},7,null]})",
       R"({"messages":[{"role":"system","content":null,"role":"user","content":"a"}]})", "{}"},
      60'000, 18);
}

TEST(fuzz, multipart) {
  drive(fuzz::try_multipart,
        {"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\n"
         "Content-Disposition: form-data; name=\"f\"; filename=\"x.wav\"\r\n"
         "Content-Type: audio/wav\r\nContent-Transfer-Encoding: binary\r\n\r\nRIFF\r\n--bb\r\n"
         "\r\n--b--\r\nepilogue",
         "preamble\r\n--b \t\r\ncontent-disposition:form-data;name=a;filename=y;"
         "filename*=utf-8'en'%e2%82%ac%20x\r\n\r\n--b-- \r\n",
         "\r\n--b\r\nContent-Disposition: form-data; name=\"a%22\\\"\\\\ \xc3\xbc\"\r\n\r\n\r\n"
         "--b-\r\n--b--",
         "--b\r\nContent-Disposition:form-data;name=a\r\n\r\n--b\r\n"
         "Content-Disposition:form-data;name=b\r\n\r\n\r\r\n--b\r\n"
         "Content-Disposition:form-data;name=c\r\n\r\n\n-\r\n--b--",
         "--b\r\nA:b\r\nContent-Type:c\r\nContent-Disposition:form-data;name=a;x=y\r\n\r\n--b--",
         "--b\r\nContent-Disposition:form-data;name=a\r\n\r\n\r\n--\r\n--b-\r\n--b--", "--b--",
         "multipart/form-data; charset=utf-8; boundary=\"a b\"; x=y"},
        100'000, 16);
}

TEST(fuzz, wav_header) {
  using namespace std::string_literals;
  drive(fuzz::try_wav_header,
        {"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80>\0\0\0}\0\0\2\0\x10\0data\4\0\0\0abcd"s,
         "RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\2\0\x80>\0\0\0\xfa\0\0\4\0\x10\0"
         "LIST\x04\0\0\0INFOdata\xff\xff\xff\xff"s,
         "RIFF\0\0\0\0WAVEJUNK\1\0\0\0a\0fmt \x28\0\0\0\xfe\xff\1\0\x40\x1f\0\0\0\x7d\0\0\4\0\x20\0"
         "\x16\0\x20\0\4\0\0\0\3\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
         "data\0\0\0\0"s},
        150'000, 17);
}

} // namespace
} // namespace synapse::http
