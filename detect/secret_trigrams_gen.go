//go:build ignore

// This program writes secret_trigrams.go: which three letters in a row occur in words. It counts them in Isaac Newton's
// Opticks (1704, fourth edition 1730; public domain), which lies in every Go distribution as
// src/testdata/Isaac.Newton-Opticks.txt, and in the list of computing words below, which was written for this purpose.
// Run it with `go generate ./detect`.
package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// computing holds words that programs and their settings are made of and that Newton had no use for.
const computing = `abort account active adapter address admin administrator agent alert algorithm alias allocate amazon analytics android
anonymous ansible apache api app append apple application apply archive args array artifact assert assign async attach attribute audit auth
authenticate author auto await aws axis azure backend backup balance bank banner base bash batch bean begin benchmark binary bind bitbucket
blank blob block blog blue board body bool boolean boot bot bottom boundary box branch bridge broker browser bucket buffer bug build bundle
business button byte cache calendar call callback camel cancel captcha card cart case cassandra cast catalog category cert certificate chain
change channel char chart chat check checkout checksum chef child choice chrome chunk cipher circle class clean clear click client clone cloud
cluster code collection color column combo command comment commit common company compare compile component compose compress config configure
confirm connect console const constructor consul consumer contact container content context control convert cookie copy core correct count
counter country create credential cron crypto csrf csv current cursor custom customer cyber daemon dashboard data database datadog date debug
decode decrypt default define delete demo deploy desktop detail develop device dialog dict digest digital direct directory disable discord
display django docker document docs domain double down download drive driver drop drupal dummy dynamic editor elastic element else email embed
empty enable encode encrypt end endpoint engine enter enterprise entity entry enum environment equal error escape event example exception exec
execute exist exit expect expire export express extend extension external extra facebook factory fail failure fake false favorite feature fetch
field file filter final finance find firebase first fixture flag flask float flow flush folder font foobar footer forbidden force foreign
forgot form format forum forward framework free from frontend function game gateway gear generate generic gist git github gitlab global google
gradle grafana grant graph green grid group guest gulp hacker handle handler hash hashtag hash head header hello help helper hero hidden high
history hook host hotel html http hub icon ident identity idle iframe ignore image implement import include index info init inject inline inner
input insert install instance int integer interface internal invalid invoke invoice issue item iterator java javascript jenkins jira job join
json jump junit kafka keep kernel key keyboard keycloak keystore kibana kind kubernetes kwargs label lambda language laravel launch layer layout
ldap leader left legacy length level library license light limit line link linux list listen load loader local localhost locale location lock
log logger login logout lookup loop lucene macro magento mail main manage manager manifest manual map mapper mark market master match matrix
maven maximum member memory menu merge message meta method metric middleware migrate minimum minute mirror mobile mock mode model modify module
mongo mongodb monitor monkey month mount mouse move multi mutex mysql name namespace native navigate nest network nginx node noop normal
notification notify npm null number numeric oauth object octopus offset okta online only open openshift operator option oracle orange order
organization origin other output outer outlet override overview owner package packet page panel param parameter parent parse parser partial
partner pass passphrase passwd password patch path pattern payload payment paypal pending person personal phone photo php ping pipeline pixel
placeholder plain platform player plugin point policy pool popup port portal post postgres postgresql prefix prepare preset preview previous
price primary print priority private process product production profile program project prometheus prompt property protocol provide provider
proxy public publish pull puppet purchase push python query queue quick quote rabbit rabbitmq race rails random range rate raw react read
reader readme record recover redirect redis refresh regex region register registry release reload remote remove rename render repeat replace
replica reply report repository request require reset resize resolve resource response rest restart restore result retry return review rewrite
right robot role rollback root rotate route router row ruby rule runner runtime safe sales salt same sample sandbox save scala scan schedule
schema scope screen script scroll search secret section secure security segment select selenium send sender sensor sentry sequence serial series
serve server service session set setting setup shadow shape share shell shift shop short show side sidebar sign signature silent simple single
site size skip slack slave sleep slice slide slot small smtp snapshot social socket software solr some something sort source space span spark
special split spring sql square ssh ssl stack staff stage staging standard star start state static statistic status step stop storage store
stream street string stripe strong struct student style sub subject submit subscribe success suffix super supplier support swagger swift switch
symbol sync syntax system tab table tag target task team teacher telegram template temporary tenant term terraform test text theme thread
throttle thumb ticket time timeout timestamp title toggle token tomcat tool topic total touch trace track trade traffic train transaction
transfer translate transport travis tree trigger trim true trust twilio twitter type ubuntu undefined undo unique unit unix unknown unlock
update upgrade upload upper url usage user username utility uuid valid validate value variable vault vector vendor verify version video view
virtual visible visual volume wallet warning watch weather web webhook website week weight welcome widget width wiki window windows wizard
wordpress work worker workflow workspace world wrap wrapper write writer wrong yaml year yellow your zabbix zone zookeeper qwerty letmein
dragon baseball football superman batman sunshine princess shadow master freedom whatever trustno iloveyou geheim passwort kennwort benutzer
contrasena clave usuario motdepasse utilisateur senha usuario haslo uzytkownik wachtwoord gebruiker parola utente mypassword yourpassword
someclientsecret clientsecret myapp myuser testuser dbuser dbname appname userpass rootpass func params stdin stdout stderr mkdir ctx impl
sakila northwind alice bob carol dave foo bar baz qux quux lorem ipsum dolor sit amet john jane smith doe acme corp inc`

func main() {
	text, err := os.ReadFile(filepath.Join(runtime.GOROOT(), "src", "testdata", "Isaac.Newton-Opticks.txt"))
	if err != nil {
		log.Fatal(err)
	}
	if _, after, ok := bytes.Cut(text, []byte("*** START")); ok {
		text = after
	}
	if before, _, ok := bytes.Cut(text, []byte("*** END")); ok {
		text = before
	}
	var count [27 * 27 * 27]int
	add := func(words string, weight int) {
		notLetter := func(r rune) bool { return r < 'a' || r > 'z' }
		for _, w := range strings.FieldsFunc(strings.ToLower(words), notLetter) {
			w = "`" + w + "`" // the byte before a
			for i := 0; i+2 < len(w); i++ {
				count[(int(w[i]-'`')*27+int(w[i+1]-'`'))*27+int(w[i+2]-'`')] += weight
			}
		}
	}
	add(string(text), 1)
	add(computing, 2)
	bits := make([]byte, (len(count)+7)/8)
	known := 0
	for i, n := range count {
		if n >= 2 {
			bits[i/8] |= 1 << (i % 8)
			known++
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "// Code generated by secret_trigrams_gen.go; DO NOT EDIT.\n\npackage detect\n\n")
	fmt.Fprintf(&out, "// trigramBits has a bit for each of the %d trigrams of letters and word ends that occur in words; see the program.\nconst trigramBits = \"\" +\n", known)
	for enc := base64.StdEncoding.EncodeToString(bits); enc != ""; {
		n := min(116, len(enc))
		end := " +\n"
		if n == len(enc) {
			end = "\n"
		}
		fmt.Fprintf(&out, "\t%q%s", enc[:n], end)
		enc = enc[n:]
	}
	if err := os.WriteFile("secret_trigrams.go", []byte(out.String()), 0o644); err != nil {
		log.Fatal(err)
	}
}
