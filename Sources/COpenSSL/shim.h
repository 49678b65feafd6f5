#ifndef COPENSSL_SHIM_H
#define COPENSSL_SHIM_H
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* What OpenSSL offers as macros only, and the callbacks that run for each record. */

/* Where a TLS object reads and writes: bytes in memory on both sides. What is written is gathered. */
struct copenssl_transport {
  const unsigned char *input;
  size_t input_count;
  unsigned char *output;
  size_t output_count;
  size_t output_capacity;
};

static inline int copenssl_transport_read(BIO *bio, char *bytes, size_t wanted, size_t *got) {
  struct copenssl_transport *t = (struct copenssl_transport *)BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (!t || !t->input_count) {
    BIO_set_retry_read(bio);
    return 0;
  }
  size_t count = wanted < t->input_count ? wanted : t->input_count;
  memcpy(bytes, t->input, count);
  t->input += count;
  t->input_count -= count;
  *got = count;
  return 1;
}

static inline int copenssl_transport_write(BIO *bio, const char *bytes, size_t count, size_t *written) {
  struct copenssl_transport *t = (struct copenssl_transport *)BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (!t) return 0;
  if (t->output_capacity - t->output_count < count) {
    size_t capacity = t->output_capacity ? t->output_capacity : 1 << 16;
    while (capacity - t->output_count < count) capacity *= 2;
    unsigned char *output = (unsigned char *)realloc(t->output, capacity);
    if (!output) return 0;
    t->output = output;
    t->output_capacity = capacity;
  }
  memcpy(t->output + t->output_count, bytes, count);
  t->output_count += count;
  *written = count;
  return 1;
}

static inline long copenssl_transport_control(BIO *bio, int command, long number, void *pointer) {
  (void)bio, (void)number, (void)pointer;
  return command == BIO_CTRL_FLUSH;
}

static inline BIO_METHOD *copenssl_transport_method(void) {
  BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "loop");
  if (!method) return NULL;
  BIO_meth_set_read_ex(method, copenssl_transport_read);
  BIO_meth_set_write_ex(method, copenssl_transport_write);
  BIO_meth_set_ctrl(method, copenssl_transport_control);
  return method;
}

/* A TLS object over memory. NULL when there is no memory. */
static inline SSL *copenssl_new(SSL_CTX *context, BIO_METHOD *method) {
  SSL *ssl = SSL_new(context);
  BIO *bio = ssl ? BIO_new(method) : NULL;
  if (!bio) {
    SSL_free(ssl);
    return NULL;
  }
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  return ssl;
}

static inline void copenssl_attach(SSL *ssl, struct copenssl_transport *transport) {
  BIO_set_data(SSL_get_rbio(ssl), transport);
}

/* An error that another use of OpenSSL has left on this thread would be taken for ours. */
static inline void copenssl_forget_errors(void) {
  if (ERR_peek_error()) ERR_clear_error();
}

static inline SSL_CTX *copenssl_new_context(int is_server, int minimum_version) {
  SSL_CTX *context = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
  if (!context) return NULL;
  SSL_CTX_set_min_proto_version(context, minimum_version);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  /* Forward secrecy and authenticated encryption alone; 128 bits first, for what they save. */
  SSL_CTX_set_cipher_list(context,
                          "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
                          "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305");
  SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
  if (is_server) {
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    /* Tickets, which the server need not remember. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 1);
  } else {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  }
  return context;
}

static inline void copenssl_forbid_resumption(SSL_CTX *context) {
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
}

static inline void copenssl_on_server_name(SSL_CTX *context, int (*callback)(SSL *, int *, void *), void *argument) {
  SSL_CTX_set_tlsext_servername_callback(context, callback);
  SSL_CTX_set_tlsext_servername_arg(context, argument);
}

static inline const char *copenssl_server_name(const SSL *ssl) {
  return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
}

static inline void copenssl_set_server_name(SSL *ssl, const char *name) { SSL_set_tlsext_host_name(ssl, name); }

/* `argument`: the server's protocols, each after its length, ended by a zero. */
static inline int copenssl_select_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *length,
                                           const unsigned char *offered, unsigned int count, void *argument) {
  (void)ssl;
  const unsigned char *known = (const unsigned char *)argument;
  unsigned char *found;
  if (SSL_select_next_proto(&found, length, known, (unsigned)strlen((const char *)known), offered, count) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

static inline void copenssl_offer_protocols(SSL_CTX *context, void *protocols) {
  SSL_CTX_set_alpn_select_cb(context, copenssl_select_protocol, protocols);
}

typedef int (*copenssl_ticket_callback)(SSL *, unsigned char *, unsigned char *, EVP_CIPHER_CTX *, EVP_MAC_CTX *, int);

static inline void copenssl_on_ticket(SSL_CTX *context, copenssl_ticket_callback callback) {
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, callback);
}

/* Readies both contexts of a session ticket: AES-256-CBC, and SHA-256 over it (RFC 5077, 4). 1 on success. */
static inline int copenssl_ready_ticket(EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, const unsigned char *key,
                                        unsigned char *mac_key, const unsigned char *iv, int is_encrypting) {
  char digest[] = "SHA256";
  OSSL_PARAM parameters[3] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key, 32),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key, iv, is_encrypting) == 1 &&
         EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

/* Never asks the terminal for a passphrase. */
static inline int copenssl_no_passphrase(char *bytes, int size, int is_writing, void *argument) {
  (void)bytes, (void)size, (void)is_writing, (void)argument;
  return -1;
}

static inline void copenssl_refuse_passphrases(SSL_CTX *context) {
  SSL_CTX_set_default_passwd_cb(context, copenssl_no_passphrase);
}

static inline int copenssl_error_library(unsigned long error) { return ERR_GET_LIB(error); }
static inline int copenssl_error_reason(unsigned long error) { return ERR_GET_REASON(error); }

/* 0 when `now` is within the certificate's dates, -1 before them, 1 after. */
static inline int copenssl_validity(const X509 *certificate) {
  if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) return -1;
  return X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0;
}

/* Seconds since 1970 at which the certificate ends. */
static inline long long copenssl_not_after(const X509 *certificate) {
  struct tm time;
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return 0;
  return (long long)timegm(&time);
}

/* Calls `found` with each DNS name of the certificate. */
static inline void copenssl_each_name(X509 *certificate, void (*found)(const char *, int, void *), void *argument) {
  GENERAL_NAMES *names = (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
  int count = names ? sk_GENERAL_NAME_num(names) : 0;
  for (int i = 0; i < count; i++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS)
      found((const char *)ASN1_STRING_get0_data(name->d.dNSName), ASN1_STRING_length(name->d.dNSName), argument);
  }
  GENERAL_NAMES_free(names);
}

/* The certificate's subject as RFC 2253 writes it; free() it. */
static inline char *copenssl_subject(const X509 *certificate) {
  BIO *bio = BIO_new(BIO_s_mem());
  if (!bio) return NULL;
  char *text = NULL, *bytes;
  if (X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
    long count = BIO_get_mem_data(bio, &bytes);
    text = strndup(bytes, (size_t)count);
  }
  BIO_free(bio);
  return text;
}
#endif
